"""Daemons."""

import os

import pytest

from tests import wait
from tinysched.errors import TinyschedError
from tinysched.host.detach import detach_and_exec

pytestmark = pytest.mark.process

STAND_IN = """#!/bin/sh
echo "$1 $GIVEN"
echo "to stderr" >&2
cat /proc/$$/stat > "$2/stat"
grep SigIgn /proc/$$/status > "$2/ignored"
: > "$2/done"
"""


def program(tmp_path):
    path = tmp_path / "program"
    path.write_text(STAND_IN)
    path.chmod(0o755)
    return str(path)


def _ignored(path):
    with open(path) as file:
        [line] = [line for line in file if line.startswith("SigIgn:")]
    return int(line.split()[1], 16)


def test_a_daemon_runs_detached_and_writes_to_its_log(tmp_path):
    log = tmp_path / "log"
    log.write_text("older\n")
    argv = [program(tmp_path), "argument", str(tmp_path)]
    detach_and_exec(argv, {"GIVEN": "value", "PATH": "/usr/bin:/bin"}, str(log))
    wait.until((tmp_path / "done").exists, says="the daemon runs")
    assert log.read_text() == "older\nargument value\nto stderr\n"
    fields = (tmp_path / "stat").read_text().rpartition(")")[2].split()
    assert int(fields[3]) != os.getsid(0)
    assert int(fields[4]) == 0
    # Python ignores these two itself; the others that this process ignores it was begun with.
    assert _ignored(tmp_path / "ignored") & ~_ignored("/proc/self/status") & ~0x1001000 == 0


def test_a_program_that_cannot_be_executed_is_told_at_once(tmp_path):
    with pytest.raises(TinyschedError, match=r"cannot start /no/such: it cannot be executed"):
        detach_and_exec(["/no/such"], {}, str(tmp_path / "log"))
    assert not (tmp_path / "log").exists()


def test_a_log_that_cannot_be_opened_is_told_at_once(tmp_path):
    path = tmp_path / "missing" / "log"
    with pytest.raises(TinyschedError, match=r"missing/log: No such file or directory"):
        detach_and_exec([program(tmp_path), "", ""], {}, str(path))


def test_what_goes_wrong_behind_the_scenes_is_in_the_log(tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    log = tmp_path / "log"
    detach_and_exec([str(broken)], {}, str(log))
    wait.until(lambda: "FileNotFoundError" in log.read_text(), says="the log says why")
