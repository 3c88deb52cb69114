"""Script, variables and command line become one request, or one sentence that says why not."""

from __future__ import annotations

import pytest

from tinysched.errors import EXIT_REFUSED, EXIT_USAGE, ScriptError, UsageError
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Export, OpenMode
from tinysched.script.options import wrapped
from tinysched.script.submission import Settings, read

SETTINGS = Settings(max_array_index=1000, command="tsbatch")
PLAIN = b"#!/bin/bash\ntrue\n"


def submit(*argv, script=PLAIN, **variables):
    return read(argv, variables, "/home/alice", script, SETTINGS)


def ask(*argv, **variables):
    """The request that options on the command line make of an ordinary script."""
    return submit(*argv, "job.sh", **variables).request


def directed(text, *argv, **variables):
    """The request that a directive makes."""
    script = b"#!/bin/bash\n#SBATCH " + text.encode("utf-8", "surrogateescape") + b"\ntrue\n"
    return submit(*argv, "job.sh", script=script, **variables).request


def test_without_options_nothing_is_asked_for():
    submission = submit("sub/job.sh", "one", "two words", "", "--time=5")
    request = submission.request
    assert (request.name, request.submit_dir) == ("job.sh", "/home/alice")
    assert request.arguments == ("one", "two words", "", "--time=5")
    assert request.limit_s is None
    assert request.cores == 1
    assert request.requeue
    assert not request.held
    assert (submission.parsable, submission.quiet, submission.test_only) == (False,) * 3
    assert submission.warnings == ()


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("--job-name=pi", "name", "pi"),
        ("-J pi", "name", "pi"),
        ("--cpus-per-task=4", "cpus_per_task", 4),
        ("-c4", "cpus_per_task", 4),
        ("-c 004", "cpus_per_task", 4),
        ("--ntasks=3", "ntasks", 3),
        ("-n 3", "ntasks", 3),
        ("--mem=2G", "memory_mib", 2048),
        ("--mem=0", "memory_mib", 0),
        ("--time=1:30", "limit_s", 90),
        ("-t 1-12", "limit_s", 36 * 3600),
        ("-t UNLIMITED", "limit_s", None),
        ("--array=1-9:2%3", "array", Array(tasks=Ranges.span(1, 9, 2), limit=3)),
        ("-a 5", "array", Array(tasks=Ranges.of([5]))),
        ("--output=o-%j", "output", "o-%j"),
        ("-o o-%j", "output", "o-%j"),
        ("--error=none", "error", "none"),
        ("-e e", "error", "e"),
        ("--input=in", "input", "in"),
        ("-i in", "input", "in"),
        ("--open-mode=append", "open_mode", OpenMode.APPEND),
        ("--open-mode=a", "open_mode", OpenMode.APPEND),
        ("--open-mode=t", "open_mode", OpenMode.TRUNCATE),
        ("--open-mode=truncate", "open_mode", OpenMode.TRUNCATE),
        ("--chdir=sub", "chdir", "sub"),
        ("-D /abs", "work_dir", "/abs"),
        ("--export=NONE", "export", Export(everything=False)),
        ("--hold", "held", True),
        ("-H", "held", True),
        ("--no-requeue", "requeue", False),
        ("--no-requeue --requeue", "requeue", True),
        ("--comment=why", "comment", "why"),
        ("--partition=long", "partition", "long"),
        ("-p long", "partition", "long"),
        ("--qos=high", "qos", "high"),
        ("-q high", "qos", "high"),
        ("--account=lab", "account", "lab"),
        ("-A lab", "account", "lab"),
        ("--account=", "account", None),
        ("--mail-type=END,FAIL", "mail_type", "END,FAIL"),
        ("--mail-user=a@b", "mail_user", "a@b"),
        ("--nodes=1", "cores", 1),
        ("-N 1-1", "cores", 1),
        ("-n 3 -c 4", "cores", 12),
        ("--cpus=4", "cpus_per_task", 4),
    ],
)
def test_an_option_asks_for_the_same_on_the_command_line_and_in_a_script(words, field, value):
    assert getattr(ask(*words.split()), field) == value
    assert getattr(directed(words), field) == value


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("SBATCH_JOB_NAME", "pi", "name", "pi"),
        ("SBATCH_TIMELIMIT", "5", "limit_s", 300),
        ("SBATCH_PARTITION", "long", "partition", "long"),
        ("SBATCH_OUTPUT", "o", "output", "o"),
        ("SBATCH_ERROR", "e", "error", "e"),
        ("SBATCH_ARRAY_INX", "3,5", "array", Array(tasks=Ranges.of([3, 5]))),
        ("SBATCH_ACCOUNT", "lab", "account", "lab"),
        ("SBATCH_QOS", "high", "qos", "high"),
        ("SBATCH_MEM_PER_NODE", "2G", "memory_mib", 2048),
        ("SBATCH_REQUEUE", "1", "requeue", True),
        ("SBATCH_NO_REQUEUE", "1", "requeue", False),
        ("SBATCH_EXPORT", "NONE", "export", Export(everything=False)),
        ("SBATCH_OPEN_MODE", "append", "open_mode", OpenMode.APPEND),
    ],
)
def test_a_variable_stands_for_an_option(variable, text, field, value):
    submission = submit("job.sh", **{variable: text})
    assert getattr(submission.request, field) == value
    assert submission.warnings == ()


def test_the_command_line_beats_variables_and_these_beat_directives():
    text = "-J script -t 1 -p short"
    assert directed(text).name == "script"
    assert directed(text, SBATCH_JOB_NAME="variable").name == "variable"
    assert directed(text, "-J", "line", SBATCH_JOB_NAME="variable").name == "line"
    assert directed(text, "-J", "line").limit_s == 60
    assert directed("--no-requeue", SBATCH_REQUEUE="1").requeue
    assert not directed("", "--no-requeue", SBATCH_REQUEUE="1").requeue


def test_the_last_of_the_same_option_wins():
    assert ask("-c2", "--cpus-per-task=3").cpus_per_task == 3
    assert directed("-J one\n#SBATCH -J two").name == "two"


def test_an_empty_variable_says_nothing():
    assert ask(SBATCH_TIMELIMIT="", SBATCH_JOB_NAME="").name == "job.sh"


def test_variables_that_slurm_gives_to_jobs_are_no_options():
    assert ask(SLURM_JOB_NAME="outer", SLURM_CPUS_PER_TASK="4").name == "job.sh"


def test_a_variable_that_is_not_known_is_named_in_a_warning():
    submission = submit("job.sh", SBATCH_CPUS_PER_TASK="4", SBATCH_WAIT="1", OTHER="x")
    assert submission.warnings == (
        "SBATCH_CPUS_PER_TASK: ignored, since tsbatch knows no such variable",
        "SBATCH_WAIT: ignored, since tsbatch knows no such variable",
    )


@pytest.mark.parametrize(
    ("argv", "script", "name"),
    [
        (["job.sh"], PLAIN, "job.sh"),
        (["/a/b/my.job"], PLAIN, "my.job"),
        ([], PLAIN, "tsbatch"),
        (["--wrap=true"], wrapped("true"), "wrap"),
        (["--wrap=true", "-J", "named"], wrapped("true"), "named"),
    ],
)
def test_a_job_without_a_name_is_named_after_what_was_submitted(argv, script, name):
    assert submit(*argv, script=script).request.name == name


def test_how_to_answer_is_told_apart_from_what_to_run():
    submission = submit("--parsable", "-Q", "--test-only", "job.sh")
    assert submission.parsable
    assert submission.quiet
    assert submission.test_only
    assert submission.request == ask()


MALFORMED = [
    ("time", "5x", "expected MM, MM:SS, HH:MM:SS"),
    ("mem", "2Gi", "expected a whole number with K, M, G or T"),
    ("array", "3-1", "expected indices such as 1-10"),
    ("cpus-per-task", "0", "expected a whole number, at least 1"),
    ("cpus-per-task", "000", "expected a whole number, at least 1"),
    ("cpus-per-task", "-1", "expected a whole number, at least 1"),
    ("ntasks", "2x", "expected a whole number, at least 1"),
    ("ntasks", "²", "expected a whole number, at least 1"),
    ("nodes", "abc", "expected a whole number, at least 1"),
    ("nodes", "1-", "expected a whole number, at least 1"),
    ("open-mode", "foo", "expected append or truncate"),
    ("output", "", "expected some text"),
    ("job-name", "", "expected some text"),
    ("comment", "x" * 5000, "expected at most 4096 characters"),
]
REFUSED = [
    ("nodes", "2", "this queue has one host, so only 1 is possible"),
    ("nodes", "1-2", "this queue has one host, so only 1 is possible"),
    ("array", "1-1001", "the highest index of a task may be 1000"),
    ("cpus-per-task", "100000", "no more than 65535 can be asked for"),
    ("ntasks", "9" * 5000, "no more than 65535 can be asked for"),
]


@pytest.mark.parametrize(("name", "value", "why"), MALFORMED)
def test_a_malformed_value_is_named_with_the_place_it_came_from(name, value, why):
    with pytest.raises(UsageError) as failure:
        ask(f"--{name}={value}")
    assert failure.value.sentence.startswith(f"cannot read --{name}={value[:80]}")
    assert why in failure.value.sentence
    assert failure.value.exit_code == EXIT_USAGE
    assert failure.value.cure == "try 'tsbatch --help'"
    with pytest.raises(ScriptError, match=rf"^job\.sh line 2: cannot read --{name}=") as failure:
        directed(f"--{name}='{value}'")
    assert failure.value.exit_code == EXIT_REFUSED


@pytest.mark.parametrize(("name", "value", "why"), REFUSED)
def test_a_value_that_cannot_be_granted_is_refused(name, value, why):
    for attempt in (lambda: ask(f"--{name}={value}"), lambda: directed(f"--{name}={value}")):
        with pytest.raises(ScriptError, match=f"cannot grant --{name}=") as failure:
            attempt()
        assert failure.value.sentence.endswith(f": {why}")
        assert failure.value.exit_code == EXIT_REFUSED


def test_a_malformed_variable_is_named():
    with pytest.raises(ScriptError) as failure:
        ask(SBATCH_TIMELIMIT="5x")
    assert failure.value.sentence.startswith("cannot read SBATCH_TIMELIMIT=5x: expected MM")


def test_a_malformed_value_counts_even_where_a_later_one_wins():
    with pytest.raises(ScriptError, match="line 2"):
        directed("--time=abc", "--time=5")


def test_of_several_arrays_only_the_last_is_read():
    assert ask("-a", "3-1", "-a", "5").array == Array(tasks=Ranges.of([5]))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("--nosuch", "job.sh line 2: cannot read #SBATCH: unknown option '--nosuch'"),
        ("-J", "job.sh line 2: cannot read #SBATCH: option '-J' needs a value"),
        ("word", "job.sh line 2: cannot read #SBATCH: word is no option"),
        ("-H -- word", "job.sh line 2: cannot read #SBATCH: word is no option"),
        ("--wrap=true", "job.sh line 2: cannot read #SBATCH: --wrap is for the command line only"),
        ("--help", "job.sh line 2: cannot read #SBATCH: --help is for the command line only"),
    ],
)
def test_a_directive_that_is_none_is_named_with_its_line(text, why):
    with pytest.raises(ScriptError) as failure:
        directed(text)
    assert failure.value.sentence == why


@pytest.mark.parametrize(
    "option", ["--job-name", "--comment", "--partition", "--output", "--chdir"]
)
@pytest.mark.parametrize("letter", ["\n", "\r", "\0"])
def test_no_text_of_a_record_may_break_a_line(option, letter):
    with pytest.raises(UsageError, match="expected one line of text") as failure:
        ask(f"{option}=a{letter}b")
    assert letter not in failure.value.sentence


def test_a_script_whose_name_breaks_a_line_needs_another_name():
    with pytest.raises(ScriptError, match=r"cannot name the job after a\\nb: ") as failure:
        submit("a\nb")
    assert "--job-name" in failure.value.cure
    assert submit("-J", "fine", "a\nb").request.name == "fine"


def test_wrap_takes_the_place_of_a_script():
    with pytest.raises(UsageError, match=r"--wrap takes the place of job\.sh"):
        submit("--wrap=true", "job.sh")


@pytest.mark.parametrize(
    ("argv", "name"), [(["sub/job.sh"], "sub/job.sh"), ([], "stdin"), (["--wrap="], "--wrap")]
)
def test_messages_name_the_script_as_its_user_does(argv, name):
    with pytest.raises(ScriptError, match=f"^cannot submit {name}: it is empty"):
        submit(*argv, script=b"")
    with pytest.raises(ScriptError, match=f"^{name} line 2: cannot read --time=x"):
        submit(*argv, script=b"#!/bin/sh\n#SBATCH -t x\n")
