"""`tsctl lint`: what a Slurm makes of a script, line by line."""

from __future__ import annotations

import pytest

from tinysched.script.slurm.lint import Level, examine
from tinysched.script.submission import Settings

SETTINGS = Settings(max_array_index=1000)


def findings(*lines: str) -> list[tuple[int, str, str, str]]:
    script = "\n".join(["#!/bin/bash", *lines, ""]).encode()
    found = examine(script, "job.sh", SETTINGS).findings
    return [(one.line, one.level.value, one.says, one.here) for one in found]


def test_there_is_nothing_to_say_of_a_good_script():
    assert findings("#SBATCH -J x --time=5 -o %j.out", "#SBATCH --array=1-3%2", "echo hi") == []


@pytest.mark.parametrize(
    ("line", "level", "says"),
    [
        ("#SBATCH --frobnicate", "refused", "unrecognized option '--frobnicate'"),
        ("#SBATCH --time=abc", "refused", "--time=abc: Invalid --time specification"),
        ("#SBATCH -n 0", "refused", '--ntasks=0: Invalid numeric value "0" for --ntasks.'),
        ("#SBATCH --time", "refused", "option '--time' requires an argument"),
        ("#SBATCHx", "refused", "Invalid directive found in batch script: x"),
        ("#SBATCH -J a stray", "refused", "Invalid directive found in batch script: stray"),
        ("#SBATCH --comment='a", "refused", "Unmatched `'` in [--comment='a]"),
        (
            "#SBATCH --constraint=fast",
            "refused",
            "--constraint=fast: by a Slurm as well that is not set up for it",
        ),
        ("#SBATCH --uid=bob", "refused", "--uid=bob: --uid only permitted by root user"),
        ("#SBATCH --qos=high", "kept", "--qos=high: has no effect here"),
        ("#SBATCH --mem=2G", "differs", "--mem=2G"),
        (
            "# SBATCH -t 5",
            "ignored",
            "# SBATCH -t 5 is a comment: #SBATCH begins a line, in capitals",
        ),
        (
            " #SBATCH -t 5",
            "ignored",
            "#SBATCH -t 5 is a comment: #SBATCH begins a line, in capitals",
        ),
        (
            "##sbatch -t 5",
            "ignored",
            "##sbatch -t 5 is a comment: #SBATCH begins a line, in capitals",
        ),
        ("#PBS -N x -l walltime=60", "differs", "#PBS is taken as --job-name=x, --time=60"),
        ("#PBS -V", "ignored", "#PBS: nothing that sbatch takes over"),
        ("#PBS --x", "refused", "unrecognized option '--x' Unrecognized command line parameter ?"),
        ("#BSUB -q debug", "differs", "#BSUB is taken as --partition=debug"),
    ],
)
def test_a_line_that_slurm_does_not_take_as_it_stands(line: str, level: str, says: str):
    (found,) = findings(line, "echo hi")
    assert found[:3] == (2, level, says)
    if level in ("kept", "differs"):
        assert found[3], "what we do instead"


def test_directives_below_the_first_command_do_not_count():
    assert findings("", "# a note", "echo hi", "#SBATCH -t 5", "# SBATCH", "#PBS -N x") == [
        (
            5,
            "ignored",
            "#SBATCH below the first command, which is in line 4",
            "ignored as well; tsbatch says so",
        )
    ]


def test_the_last_of_an_option_counts():
    found = examine(b"#!/bin/sh\n#SBATCH -t 5\n#SBATCH -J x --time=7\n", "job.sh", SETTINGS)
    assert [one.says for one in found.findings] == ["--time of line 2: outweighed by this one"]
    assert found.lines == {"time": 3, "job-name": 3}


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (b"", "Batch script is empty!"),
        (b"echo hi\n", "This does not look like a batch script."),
        (b"#!/bin/sh\r\n", "Batch script contains DOS line breaks"),
        (b"#!/bin/sh\n\0", "The Slurm controller does not allow scripts"),
    ],
)
def test_what_is_no_script_is_refused(script: bytes, says: str):
    found = examine(script, "job.sh", SETTINGS)
    assert found.is_refused
    assert found.findings[0].says.startswith(says)


def test_options_that_contradict_each_other_are_found_in_the_whole():
    assert findings("#SBATCH --mem-per-cpu=1G", "#SBATCH --mem=1G")[-1] == (
        0,
        "refused",
        "--mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.",
        "",
    )


def test_what_only_tsbatch_refuses_is_told():
    ignored, found = findings("#SBATCH --wrap=true")
    assert ignored == (2, Level.IGNORED.value, "--wrap=true: for the command line only", "")
    assert found[:3] == (0, Level.DIFFERS.value, "sbatch takes this script")
    assert found[3].startswith("tsbatch does not: job.sh line 2: ")
