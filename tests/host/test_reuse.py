"""A pid that was given away meanwhile: its new owner hears nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NAMESPACE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")

pytestmark = pytest.mark.process


def test_who_was_given_the_pid_of_a_jobs_process_is_never_signalled(tmp_path):
    if os.geteuid() or subprocess.run([*NAMESPACE, "true"], check=False).returncode:
        pytest.skip("CI cannot run this: it needs root and a pid namespace")
    if not os.path.exists("/proc/sys/kernel/ns_last_pid"):
        pytest.skip("CI cannot run this: the kernel lets nobody choose the next pid")
    root = tmp_path / "root"
    root.mkdir()
    scenarios = [*NAMESPACE, sys.executable, "tests/host/reuse.py", str(root)]
    done = subprocess.run(scenarios, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("nobody else was signalled\n", "")
