"""What sbatch itself makes of each option, and which words it has for what it does not take."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.script.slurm.submitting import SETTINGS, asked, refused, submission
from tinysched.errors import VerbatimError
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Export
from tinysched.script.slurm import sbatch
from tinysched.script.slurm.sbatch_options import SBATCH

LATER = "since it's not allowed by configuration (AllowSpecResourcesUsage = No)"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("5", 5),
        ("1:30", 2),
        ("0:01", 1),
        ("0:61", 2),
        ("01:02:03", 63),
        ("26:00:00", 1560),
        ("1-0", 1440),
        ("1-", 1440),
        ("3-25", 5820),
        ("1-1:75", 1575),
        ("1-2:3:4", 1564),
        ("0", None),
        ("0-0", None),
        ("00:00:00", None),
        ("-1", None),
        ("-5", None),
        ("infinite", None),
        ("UNLIMITED", None),
    ],
)
def test_limits_are_rounded_up_to_minutes(text: str, minutes: int | None):
    assert asked("-t", text).limit_s == (None if minutes is None else minutes * 60)


@pytest.mark.parametrize(
    "text",
    ["", " 5", "5,", ":30", "1:", "-", "1-2-3", "1:2:3:4", "1-:30", "abc", "1h", "1.5", "+5"],
)
def test_what_is_no_limit(text: str):
    assert refused("-t", text) == (255, "sbatch: error: Invalid --time specification\n")


@pytest.mark.parametrize(
    ("text", "tasks", "limit"),
    [
        ("1-10:3%1", "1-10:3", 1),
        ("9,1,4", "1,4,9", None),
        ("1,,2", "1-2", None),
        (",1", "1", None),
        (" 1", "1", None),
        ("[1-3]", "1-3", None),
        ("00-003", "0-3", None),
        ("1-10%", "1-10", None),
        ("1-10%a", "1-10", None),
        ("1-3%0", "1-3", None),
        ("1%2%3", "1", 2),
        ("1-3%2,5", "1-3,5", 2),
        ("%5", "0", 5),
        ("%", "0", None),
    ],
)
def test_arrays(text: str, tasks: str, limit: int | None):
    assert asked("-a", text).array == Array(tasks=Ranges.parse(tasks), limit=limit)


@pytest.mark.parametrize("text", ["", ",", ",,"])
def test_an_array_of_nothing_is_none(text: str):
    assert asked("-a", text).array is None
    assert "array" not in asked("-a", text).stored


@pytest.mark.parametrize(
    "text",
    [
        *("abc", "1-", "-3", "3-1", "1:2", "1-10:0", "1 3", "1-2-3", "1-5x", "1.5", "0x3"),
        *("1 ", "1-3:-1", "1001", "1--3", "1-3:2:2", "99999999999999999999"),
    ],
)
def test_what_is_no_array_is_left_for_the_dispatcher_to_refuse(text: str):
    assert asked("-a", text).stored["array"] == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("afterok:1:2", "afterok:1(unfulfilled),afterok:2(unfulfilled)"),
        ("12345", "afterany:12345(unfulfilled)"),
        ("SINGLETON", "singleton(unfulfilled)"),
        ("afterok:1?after:3+5", "afterok:1(unfulfilled)?after:3+5(unfulfilled)"),
        ("afterok:1,2", "afterok:1(unfulfilled),afterany:2(unfulfilled)"),
        ("afterburstbuffer:1", "afterany:1(unfulfilled)"),
        ("after:1+5:2", "after:1+5(unfulfilled),after:2+5(unfulfilled)"),
        ("afternotok:1+5", "afternotok:1(unfulfilled)"),
        ("afterok: 1", "afterok:1(unfulfilled)"),
        ("after:1+05m", "after:1+5(unfulfilled)"),
        ("after:1,2?3", "after:1(unfulfilled)?afterany:2(unfulfilled)?afterany:3(unfulfilled)"),
        ("afterok:1_[2,4]", "afterok:1_2(unfulfilled),afterok:1_4(unfulfilled)"),
    ],
)
def test_dependencies(text: str, shown: str):
    assert str(asked("-d", text).dependency) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("foo", "afterok", "afterok:", "afterok:abc", "afterok:1,", ",afterok:1", "afterok:0"),
        *("after:1+0", "after:1+", "afterok:4294967296", "1:2", "expand:1", "afterok:1?"),
        *("singleton:1", "afterok:1_x", "after:1+x", " afterok:1", "afterok:1.0", "afterok:1 2"),
    ],
)
def test_what_is_no_dependency_is_left_for_the_dispatcher_to_refuse(text: str):
    assert asked("-d", text).stored["dependency"] == text


def test_a_wrong_time_is_told_where_it_is_wrong():
    assert refused("--begin=2031-13-45") == (
        255,
        "Invalid time specification (pos=5): 2031-13-45\n"
        "sbatch: error: Invalid --begin specification\n",
    )


@pytest.mark.parametrize(("option", "name"), [("-S", "-S"), ("--thread-spec", "--thread-spec")])
def test_cores_set_apart_are_ignored_with_a_word(option: str, name: str):
    assert submission(option, "1", "job.sh").warnings == (f"error: Ignoring {name} {LATER}",)


def test_more_hosts_than_tasks_are_too_many():
    found = submission("-n", "1", "-N", "2", "job.sh")
    assert found.request.nodes == 1
    [warning] = found.warnings
    assert warning == "Warning: can't run 1 processes on 2 nodes, setting nnodes to 1"


def test_a_quote_that_is_not_closed_takes_all_that_follows():
    found = submission("--export=C,A='x,B=1", "job.sh")
    assert found.warnings == ("error: Improperly formed environment variable (A='x,B=1)",)
    assert found.request.export == Export(everything=False, names=("C",), values={"A": "'x,B=1"})


def test_one_core_is_enough_for_all_tasks():
    assert asked("-O", "-n", "9").cores == 1


def test_what_comes_last_decides_who_shares_cores():
    assert not asked("--exclusive", "-s").exclusive
    assert asked("-s", "--exclusive").exclusive


def test_how_to_answer():
    found = submission("--parsable", "-Q", "--test-only", "-W", "job.sh")
    assert found.parsable
    assert found.quiet
    assert found.test_only
    assert found.wait
    plain = submission("job.sh")
    assert (plain.parsable, plain.quiet, plain.test_only, plain.wait) == (False,) * 4


def test_what_was_asked_for_is_told():
    assert submission("-vv", "-H", "-o", "x", "job.sh").warnings == (
        "defined options",
        "-------------------- --------------------",
        "hold                : set",
        "output              : /home/ann/x",
        "verbose             : 2",
        "-------------------- --------------------",
        "end of defined options",
    )


def test_values_are_told_as_slurm_shows_them():
    options = ("-v", "-t", "1:30", "--nice", "--requeue", "-D", "/tmp", "-e", "y", "-C", "")
    lines = submission(*options, "--begin=2031-05-06", "job.sh").warnings[2:-2]
    assert [line.split(":", 1)[1].strip() for line in lines] == [
        *("2031-05-06T00:00:00", "/tmp", "", "/tmp/y", "100", "requeue", "00:02:00", "1"),
    ]


def test_a_variable_says_how_much_is_told():
    assert submission("job.sh", variables={"SBATCH_DEBUG": "0"}).warnings == ()
    found = submission("job.sh", variables={"SBATCH_DEBUG": "2"})
    assert "verbose             : 2" in found.warnings
    words = 'sbatch: error: Invalid numeric value "yes" for --verbose.\n'
    assert refused(variables={"SBATCH_DEBUG": "yes"}) == (1, words)


def test_a_script_does_not_say_how_much_is_told():
    found = submission("job.sh", script="#!/bin/sh\n#SBATCH -v -Q --parsable\n")
    assert (found.warnings, found.quiet, found.parsable) == ((), False, True)


def test_quiet_and_verbose_contradict_each_other():
    words = "sbatch: error: don't specify both --verbose (-v) and --quiet (-Q)\n"
    assert refused("-Q", "-v") == (1, words)


def test_a_wrapped_command_takes_no_script():
    words = "sbatch: error: Script arguments not permitted with --wrap option\n"
    assert refused("--wrap=true") == (1, words)
    assert submission("--wrap=true").request.name == "wrap"


def test_the_name_is_the_scripts_or_that_of_the_command():
    assert submission("sub/dir/my.job.sh", "x").request.name == "my.job.sh"
    assert submission("sub/dir/my.job.sh", "x").request.arguments == ("x",)
    assert submission().request.name == "sbatch"


def test_stderr_goes_where_stdout_goes():
    assert asked().joined


def test_a_job_does_not_begin_after_its_deadline():
    words = "sbatch: error: Incompatible begin and deadline time specification\n"
    assert refused("--begin=now+2hours", "--deadline=now+1hour") == (1, words)
    assert asked("--begin=now+1hour", "--deadline=now+2hours").deadline_at
    line = ("--begin=2031-01-01", "--deadline=now+9999days", "job.sh")
    later = replace(SETTINGS, now=0.0)
    assert sbatch.read(line, {}, "/home/ann", b"#!/bin/sh\n", later).request.begin_at


@pytest.mark.parametrize(
    ("export", "everything", "logs_in"),
    [("ALL", True, False), ("NONE", False, True), ("A,B=1", True, True)],
)
def test_a_file_of_variables_takes_the_place_of_the_shells(
    export: str, everything: bool, logs_in: bool
):
    found = asked("--export-file=x", f"--export={export}")
    assert found.export.everything == everything
    assert ("get-user-env" in found.stored) == logs_in


def test_parts_of_one_job_are_refused():
    with pytest.raises(VerbatimError) as refusal:
        submission("-c", "2", ":", "-c", "3", "job.sh")
    assert refusal.value.text == (
        "sbatch: error: Batch job submission failed:"
        " Requested operation not supported on this system\n"
    )


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--nosuch=5"], "unrecognized option '--nosuch=5'"),
        (
            ["--tim=5"],
            "option '--tim=5' is ambiguous; possibilities: '--time' '--time-min'",
        ),
        (["--hold=yes"], "option '--hold' doesn't allow an argument"),
        (["-X"], "invalid option -- 'X'"),
        (["--wrap"], "option '--wrap' requires an argument"),
        (
            ["--t"],
            "option '--t' is ambiguous; possibilities: '--tasks-per-node' '--test-only'"
            " '--thread-spec' '--threads-per-core' '--time' '--time-min' '--tmp'",
        ),
        (
            ["--c"],
            "option '--c' is ambiguous; possibilities: '--cluster-constraint' '--chdir'"
            " '--cluster' '--clusters' '--comment' '--container' '--context' '--contiguous'"
            " '--constraint' '--core-spec' '--cores-per-socket' '--cpu-freq' '--cpus-per-gpu'"
            " '--cpus-per-task'",
        ),
    ],
)
def test_words_that_no_option_has(argv: list[str], words: str):
    with pytest.raises(VerbatimError) as refusal:
        submission(*argv)
    text = f'sbatch: {words}\nTry "sbatch --help" for more information\n'
    assert (refusal.value.exit_code, refusal.value.text) == (255, text)


@given(
    st.sampled_from([option.name for option in SBATCH]),
    st.text(alphabet="0123456789:-,%[]=abKGMT?+_.*'", max_size=12) | st.text(max_size=6),
)
def test_any_value_is_taken_or_refused_in_words(name: str, value: str):
    with contextlib.suppress(VerbatimError):
        submission(f"--{name}={value}", "job.sh")
