"""Directives, variables and the text of a script, as sbatch reads them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.script.slurm.submitting import asked, in_script, refused, submission
from tinysched.errors import VerbatimError
from tinysched.script.slurm import batchscript
from tinysched.script.slurm.sbatch_options import wrapped

NO_SCRIPT = [
    "This does not look like a batch script.  The first",
    "line must start with #! followed by the path to an interpreter.",
    "For instance: #!/bin/sh",
]
BLANKS = ["Batch script contains only whitespace!"]
NUL = [
    "The Slurm controller does not allow scripts that",
    "contain a NULL character '\\0'.",
]
DOS = [
    "Batch script contains DOS line breaks (\\r\\n)",
    "instead of expected UNIX line breaks (\\n).",
]
EXCLUSIVE = "sbatch: fatal: --mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.\n"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (b"", ["Batch script is empty!"]),
        (b"\n \t\r\n", BLANKS),
        (b"\0", BLANKS),
        (b"echo hi\n", NO_SCRIPT),
        (b"x\r\n", NO_SCRIPT),
        (b"\n#!/bin/sh\n", NO_SCRIPT),
        (b"#!/bin/sh\0\r\n", NUL),
        (b"#!/bin/sh\necho\r\n", DOS),
    ],
)
def test_what_is_no_script(script: bytes, words: list[str]):
    with pytest.raises(VerbatimError) as refusal:
        batchscript.check(script)
    assert refusal.value.text == "".join(f"sbatch: error: {line}\n" for line in words)
    assert refusal.value.exit_code == 1


@pytest.mark.parametrize("script", [b"#!", b"#!\n", b"#!/bin/sh\r"])
def test_little_makes_a_script(script: bytes):
    batchscript.check(script)


def test_a_wrapped_command_is_a_script_of_sh():
    assert wrapped("echo a") == (
        b"#!/bin/sh\n# This script was created by sbatch --wrap.\n\necho a\n"
    )


@pytest.mark.parametrize(
    ("line", "comment"),
    [
        ("--comment=a\\b", "ab"),
        ("--comment=a\\\\b", "a\\b"),
        ('--comment="a\\b"', "ab"),
        ('--comment="a\\"b"', 'a"b'),
        ("--comment='a\\b'", "ab"),
        ("--comment=a\\#b", "a#b"),
        ("--comment=a#b", "a"),
        ("--comment=a #b", "a"),
        ('--comment="a #b"', "a #b"),
        ('--comment=a"\'b"c', "a'bc"),
        ("--comment=$USER", "$USER"),
        ("--comment a\\", "a"),
        ("--comment=", ""),
        ("  --comment\tx", "x"),
        ("-c 2 #SBATCH --comment=y", None),
    ],
)
def test_words_of_a_directive(line: str, comment: str | None):
    assert asked(script=in_script(f"#SBATCH {line}")).comment == comment


@pytest.mark.parametrize(
    ("line", "exit_code", "words"),
    [
        ("word", 255, "sbatch: error: Invalid directive found in batch script: word\n"),
        ("-c 2 word", 255, "sbatch: error: Invalid directive found in batch script: word\n"),
        ("-- word", 255, "sbatch: error: Invalid directive found in batch script: word\n"),
        ("--nice 5", 255, "sbatch: error: Invalid directive found in batch script: 5\n"),
        ('-J "a b', 1, 'sbatch: fatal: job.sh: line 2: Unmatched `"` in [ "a b]\n'),
        ("-c 2 : -c 3", 1, "sbatch: fatal: job.sh: line 2: Unexpected `:` in [ : -c 3]\n"),
        (": -c 3", 1, "sbatch: fatal: job.sh: line 2: Unexpected `:` in [: -c 3]\n"),
        ("--time=abc", 255, "sbatch: error: Invalid --time specification\n"),
        (
            "--nosuch",
            255,
            "sbatch: unrecognized option '--nosuch'\nTry \"sbatch --help\" for more information\n",
        ),
        (
            "hetjob",
            1,
            "sbatch: error: Batch job submission failed:"
            " Requested operation not supported on this system\n",
        ),
    ],
)
def test_what_is_no_directive(line: str, exit_code: int, words: str):
    assert refused(script=in_script(f"#SBATCH {line}")) == (exit_code, words)


def test_text_that_sticks_to_the_mark_is_a_word():
    words = "sbatch: error: Invalid directive found in batch script: x\n"
    assert refused(script=in_script("#SBATCHx -J glued")) == (255, words)
    assert asked(script=in_script("#SBATCH-c 2")).cores == 2


def test_a_value_may_stand_on_the_next_line():
    words = "sbatch: error: Invalid directive found in batch script: 2\n"
    assert refused(script=in_script("#SBATCH -J", "#SBATCH -c 2")) == (255, words)


def test_what_is_for_the_command_line_only_says_nothing_in_a_script():
    script = in_script("#SBATCH --wrap=x --version --help", "#SBATCH --usage --parsable")
    found = submission("job.sh", script=script)
    assert found.request.name == "job.sh"
    assert found.parsable


def test_only_comments_may_stand_above_a_directive():
    assert asked(script=in_script("   ", "# x", "\t# y", "#SBATCH -c 2")).cores == 2
    assert asked(script=in_script(":", "#SBATCH -c 2")).cores == 1


@pytest.mark.parametrize("line", ["# SBATCH -c 2", "##SBATCH -c 2", " #SBATCH -c 2", "#sbatch -c2"])
def test_what_is_a_comment(line: str):
    assert asked(script=in_script(line)).cores == 1


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("-N pbsname -l walltime=1:00:00", "name", "pbsname"),
        ("-N pbsname -l walltime=1:00:00", "limit_s", 3600),
        ("-l nodes=1:ppn=3", "cores", 3),
        ("-l nodes=2:ppn=3+vm", "nodes", 2),
        ("-l nodes=vm", "stored", {"nodelist": "vm"}),
        ("-l mem=1gb", "memory_mib", 1024),
        ("-l cput=100", "limit_s", 6000),
        ("-l mpiprocs=3", "cores", 3),
        ("-l ncpus=3", "stored", {"mincpus": "3"}),
        ("-l nice=5", "nice", 5),
        ("-l accelerator=True", "stored", {"gres": "gpu:1"}),
        ("-l foo=3", "stored", {}),
        ("-q short -A acc", "partition", "short"),
        ("-q short -A acc", "account", "acc"),
        ("-o out -e err -j oe", "output", "out"),
        ("-o out -e err -j oe", "error", "err"),
        ("-m abe -M x@y", "mail_type", "BEGIN,END,FAIL"),
        ("-m n", "mail_type", None),
        ("-h", "held", True),
        ("-p 5", "nice", 5),
        ("-t 1-3", "array", "1-3"),
        ("-J 1-3", "array", "1-3"),
        ("-W depend=afterok:1", "dependency", "afterok:1(unfulfilled)"),
        ("-V -z -I -S /bin/sh -k oe -u x -c n -C x -r n -W umask=022", "stored", {}),
    ],
)
def test_lines_for_pbs(line: str, field: str, value: object):
    found = getattr(asked(script=in_script(f"#PBS {line}")), field)
    shown = str(found.tasks) if field == "array" else str(found) if field == "dependency" else found
    if field == "stored":
        kept = {key: text for key, text in found.items() if key != "nodes"}
        assert kept == value
    else:
        assert shown == value


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("#PBS -X", "invalid option -- 'X'"),
        ("#PBS -N", "option requires an argument -- 'N'"),
        ("#PBS --name=x", "unrecognized option '--name=x'"),
        ("#BSUB -Z", "invalid option -- 'Z'"),
    ],
)
def test_what_no_line_for_pbs_says(line: str, words: str):
    text = f"sbatch: {words}\nsbatch: error: Unrecognized command line parameter ?\n"
    assert refused(script=in_script(line)) == (1, text)


def test_a_stray_word_for_pbs():
    assert refused(script=in_script("#PBS foo")) == (1, "sbatch: error: Invalid argument: foo\n")


def test_lines_for_lsf():
    found = asked(script=in_script("#BSUB -n 3 -q short -W 10 -o out -J lsf -x"))
    assert (found.cores, found.partition, found.limit_s) == (3, "short", 600)
    assert (found.output, found.name, found.exclusive) == ("out", "lsf", True)


def test_pbs_beats_our_own_lines_unless_it_is_ignored():
    script = in_script("#PBS -N b", "#SBATCH -J a")
    assert asked(script=script).name == "b"
    assert asked("--ignore-pbs", script=script).name == "a"
    assert asked(script=script, variables={"SBATCH_IGNORE_PBS": "1"}).name == "a"
    assert asked(script=in_script("#SBATCH --ignore-pbs", "#PBS -N b")).name == "job.sh"


def test_the_command_line_beats_variables_and_these_beat_directives():
    script = in_script("#SBATCH -J script -t 1 -p s")
    assert asked(script=script).name == "script"
    variables = {"SBATCH_JOB_NAME": "variable", "SBATCH_TIMELIMIT": "2"}
    found = asked(script=script, variables=variables)
    assert (found.name, found.limit_s, found.partition) == ("variable", 120, "s")
    assert asked("-J", "typed", script=script, variables=variables).name == "typed"


@pytest.mark.parametrize(
    ("variable", "value", "field", "wanted"),
    [
        ("SBATCH_ACCOUNT", "", "account", ""),
        ("SBATCH_ARRAY_INX", "", "array", None),
        ("SBATCH_EXCLUSIVE", "", "exclusive", True),
        ("SBATCH_JOB_NAME", "", "name", ""),
        ("SBATCH_NO_REQUEUE", "", "requeue", False),
        ("SBATCH_OVERCOMMIT", "1", "overcommit", True),
        ("SBATCH_MEM_PER_CPU", "100", "memory_per_cpu_mib", 100),
        ("SBATCH_HINT", "nomultithread", "stored", {"hint": "nomultithread"}),
        ("SLURM_HINT", "nomultithread", "stored", {"hint": "nomultithread"}),
        ("SLURM_CLUSTERS", "x", "stored", {"clusters": "x"}),
        ("SLURM_NTASKS", "3", "ntasks", None),
        ("SBATCH_NTASKS", "3", "ntasks", None),
        ("SBATCH_DEPENDENCY", "afterok:1", "dependency", None),
    ],
)
def test_variables(variable: str, value: str, field: str, wanted: object):
    assert getattr(asked(variables={variable: value}), field) == wanted


@pytest.mark.parametrize(
    ("variable", "value", "exit_code", "words"),
    [
        ("SBATCH_TIMELIMIT", "", 255, "Invalid --time specification"),
        ("SBATCH_NO_KILL", "1", 255, "Invalid --no-kill specification"),
        ("SBATCH_EXCLUSIVE", "foo", 255, "Invalid --exclusive specification"),
        ("SBATCH_THREADS_PER_CORE", "0", 1, 'Invalid numeric value "0" for --threads-per-core.'),
    ],
)
def test_variables_that_mean_nothing(variable: str, value: str, exit_code: int, words: str):
    assert refused(variables={variable: value}) == (exit_code, f"sbatch: error: {words}\n")


def test_what_waits_for_the_end_may_be_a_variable():
    assert submission("job.sh", variables={"SBATCH_WAIT": "1"}).wait
    assert not submission("job.sh", variables={"SBATCH_PARSABLE": "1"}).parsable


@pytest.mark.parametrize(
    ("value", "is_on"),
    [
        *(("", True), ("yes", True), ("1", True), ("-1", True)),
        *(("0", False), ("no", False), ("abc", False), ("2x", False), ("00", False)),
    ],
)
def test_a_variable_switches_on_or_off(value: str, is_on: bool):
    script = in_script("#SBATCH --overcommit --wait")
    variables = {"SBATCH_OVERCOMMIT": value, "SBATCH_WAIT": value}
    found = submission("job.sh", script=script, variables=variables)
    assert (found.request.overcommit, found.wait) == (is_on, is_on)
    assert submission("-W", "job.sh", variables=variables).wait


def test_mistakes_are_found_in_the_line_then_in_the_script_then_in_variables():
    variables = {"SBATCH_MEM_PER_CPU": "x"}
    script = in_script("#SBATCH --time=abc")
    words = "sbatch: error: Invalid --time specification\n"
    ntasks = 'sbatch: error: Invalid numeric value "abc" for --ntasks.\n'
    assert refused("-n", "abc", "--nosuch", script=script, variables=variables) == (1, ntasks)
    assert refused(script=in_script("#SBATCH -n abc word", "#SBATCH --no")) == (1, ntasks)
    assert refused(script=script, variables=variables) == (255, words)
    assert refused("-t", "x", "-n", "abc", script="") == (255, words)
    assert refused("--hint=x", script="")[1] == "sbatch: error: Batch script is empty!\n"
    assert refused("-t", "5", script=script) == (255, words)


def test_memory_is_asked_for_in_one_way():
    assert refused("--mem=400", "--mem-per-cpu=300") == (1, EXCLUSIVE)
    assert refused("--mem-per-gpu=100", "--mem=50") == (1, EXCLUSIVE)
    assert refused("--mem-per-cpu=3", script=in_script("#SBATCH --mem=4")) == (1, EXCLUSIVE)


def test_variables_ask_for_memory_in_one_way():
    words = (
        "sbatch: fatal: SLURM_MEM_PER_CPU, SLURM_MEM_PER_GPU, and SLURM_MEM_PER_NODE are"
        " mutually exclusive.\n"
    )
    variables = {"SBATCH_MEM_PER_CPU": "100", "SBATCH_MEM_PER_NODE": "100"}
    assert refused(variables=variables) == (1, words)
    assert asked("--mem=50", variables=variables).memory_per_cpu_mib is None


def test_memory_that_is_said_beats_that_of_a_variable():
    found = asked("--mem-per-cpu=50", variables={"SBATCH_MEM_PER_NODE": "100"})
    assert (found.memory_mib, found.memory_per_cpu_mib) == (None, 50)
    found = asked("--mem=50", variables={"SBATCH_MEM_PER_CPU": "100"})
    assert (found.memory_mib, found.memory_per_cpu_mib) == (50, None)
    script = in_script("#SBATCH --mem=100")
    found = asked(script=script, variables={"SBATCH_MEM_PER_CPU": "50"})
    assert (found.memory_mib, found.memory_per_cpu_mib) == (100, None)


@given(st.text(alphabet="#SBATCH PBUl -=:\"'\\\n\tJctN1", max_size=60))
def test_any_script_is_read_or_refused_in_words(text: str):
    with contextlib.suppress(VerbatimError):
        submission("job.sh", script=f"#!/bin/sh\n#SBATCH {text}\n")
