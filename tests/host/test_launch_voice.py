"""Jobs under Slurm's rules: what is wrong with directory or program is told in their stderr."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.host.running import run, shell
from tinysched.host.launch import LaunchError, launch

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("each_way")]

VOICE = "slurmstepd-node7: error: "


def test_a_job_whose_directory_is_missing_starts_in_tmp(tmp_path: Path):
    assert run(shell(tmp_path, "pwd; exit 3", work_dir="/no/such", voice=VOICE)).code == 3
    line = f"{VOICE}couldn't chdir to `/no/such': No such file or directory: going to /tmp instead"
    assert (tmp_path / "err").read_text() == f"{line}\n{line}\n"
    assert (tmp_path / "out").read_text() == "/tmp\n"


@pytest.mark.parametrize(
    ("script", "mode", "code", "words"),
    [
        (
            "#!/no/such -x y\n",
            0o755,
            errno.ENOENT,
            "execve(): bad interpreter(/no/such -x y): No such file or directory",
        ),
        ("#!/etc/passwd\n", 0o755, errno.EACCES, "execve(): {}: Permission denied"),
        ("#!/bin/sh\n", 0o644, errno.EACCES, "execve(): {}: Permission denied"),
        ("\0\0", 0o755, errno.ENOEXEC, "execve(): {}: Exec format error"),
    ],
)
def test_a_program_that_cannot_be_run_ends_with_the_errno(
    tmp_path: Path, script: str, mode: int, code: int, words: str
):
    path = tmp_path / "job.sh"
    path.write_text(script)
    path.chmod(mode)
    assert run(shell(tmp_path, "", argv=[str(path)], voice=VOICE)).code == code
    assert (tmp_path / "err").read_text() == f"{VOICE}{words.format(path)}\n"


def test_without_its_output_it_is_not_started(tmp_path: Path):
    with pytest.raises(LaunchError, match="cannot open /no/such/out: No such file"):
        launch(shell(tmp_path, "", work_dir="/no/such", stdout="/no/such/out", voice=VOICE))
