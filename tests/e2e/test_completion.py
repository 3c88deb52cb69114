from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tinysched.commands import completion
from tinysched.site import Site

# What the shell itself would set before it calls the function, and what it would do afterwards.
PRESS_TAB = """\
source "$1"; shift
compopt() { :; }
tsqueue() { printf '%s\\n' '42_1  pi' '42_[21-99]  pi' '43  tau'; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_tinysched "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(shell: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> Path:
    assert completion.main(Site("/nowhere", None, "/nowhere"), [shell]) == 0
    path = folder / f"completion.{shell}"
    path.write_text(capfd.readouterr().out)
    return path


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["tsqueue", "--st"], ["--states="]),
        (["tsqueue", "--states", "=", "PE"], ["PENDING"]),
        (["tsqueue", "-t", "OUT"], ["OUT_OF_MEMORY"]),
        (["/opt/bin/tsbatch", "--no"], ["--no-requeue", "--nodes="]),
        (["tsbatch", "--open-mode", "=", ""], ["append", "truncate"]),
        (["tscancel", "42"], ["42_1", "42_[21-99]"]),
        (["tscontrol", "re"], ["release", "requeue"]),
        (["tscontrol", "show", ""], ["job"]),
        (["tscontrol", "show", "job", "43"], ["43"]),
        (["tsdaemon", "re"], ["restart", "reload"]),
        (["tsagent", "st"], ["status", "start", "stop"]),
        (["tsctl", "d"], ["doctor"]),
        (["tsbatch", "/etc/passw"], ["/etc/passwd"]),
    ],
)
def test_bash_offers_what_the_tables_know(
    typed: list[str], offered: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    path = script("bash", tmp_path, capfd)
    command = ["bash", "--norc", "-c", PRESS_TAB, "bash", str(path), *typed]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert set(offered) <= set(done.stdout.split())
    assert all(word.startswith(typed[-1]) for word in done.stdout.split())


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is missing: install the package zsh")
def test_zsh_takes_the_script_and_knows_every_command(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    path = script("zsh", tmp_path, capfd)
    load = 'autoload -U compinit; compinit -u -D; source "$1"; print ${(k)_comps[(R)_tinysched]}'
    command = ["zsh", "-f", "-c", load, "zsh", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert {"tsbatch", "tsqueue", "tscancel", "run_job.sh", "tsdaemon", "tsagent", "tsctl"} <= set(
        done.stdout.split()
    )
