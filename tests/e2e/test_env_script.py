"""tiny_sched_env.sh, sourced in bash and zsh."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.installed import Installed

SHELLS = ["bash", "zsh"]


def sourced(shell: str, text: str, host: str, then: str) -> str:
    """What a shell on that host says after it has sourced the file."""
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    program = f"uname() {{ echo {host}; }}\n{text}\n{then}"
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}
    done = subprocess.run(
        [shell, "-c", program], capture_output=True, text=True, check=False, env=environment
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_sbatch_means_ours_on_the_named_hosts_only(
    installed: Installed, tmp_path: Path, shell: str
) -> None:
    text = (installed.bin / "tiny_sched_env.sh").read_text()
    here = os.uname().nodename.split(".")[0]
    (tmp_path / "config.yaml").write_text('cpus: 4\nhosts: [alpha, "beta.example"]\nlog_files: 2\n')
    text = f"export TJS_ROOT={tmp_path}\n{text}"
    for host in (here, "alpha", "beta.example", "alpha.example"):
        told = sourced(shell, text, host, "alias sbatch squeue scancel; echo $PATH")
        for ours in ("tsbatch", "tsqueue", "tscancel"):
            assert f"{installed.bin}/{ours}" in told
        assert told.endswith(f":{installed.bin}\n")
    told = sourced(shell, text, "elsewhere", "alias; echo $PATH; set | grep '^_tse' || true")
    assert "tsbatch" not in told
    assert str(installed.bin) not in told


@pytest.mark.parametrize("shell", SHELLS)
def test_where_slurms_names_are_installed_they_come_first_on_path(
    installed: Installed, tmp_path: Path, shell: str
) -> None:
    text = (
        (installed.bin / "tiny_sched_env.sh").read_text().replace(str(installed.bin), str(tmp_path))
    )
    (tmp_path / "slurm").mkdir()
    here = os.uname().nodename
    told = sourced(shell, text + text, here, "alias; echo $PATH")
    assert told.splitlines()[-1] == f"{tmp_path}/slurm:/usr/bin:/bin:{tmp_path}"
    assert "sbatch" not in told
