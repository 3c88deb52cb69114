"""Starting an agent from anywhere, a job included."""

import os
import subprocess
import sys

import pytest

from tests import wait
from tests.host.running import in_child
from tinysched.errors import TinyschedError
from tinysched.host import agent_start

pytestmark = pytest.mark.process

STAND_IN = """#!/bin/sh
cd "$TJS_ROOT"
echo "$*" > argv
cat /proc/$$/environ > environ
cat /proc/$$/stat > stat
pwd > cwd
ls -l /proc/$$/fd > fds
: > done
"""
PS_PPID, PS_GROUP, PS_SESSION, PS_TTY = 1, 2, 3, 4


@pytest.fixture
def agent(tmp_path, monkeypatch):
    """Starts the stand-in as an agent and returns the directory in which it leaves its notes."""
    program = tmp_path / "bin" / "tinysched"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setenv("TJS_JOB_COOKIE", "must not leak")

    def started():
        def command() -> None:
            os.set_inheritable(os.open("/dev/zero", os.O_RDONLY), True)
            agent_start.start(str(program.parent), str(tmp_path))

        assert in_child(command).code == 0
        wait.until((tmp_path / "done").exists, says="the agent runs")
        return tmp_path

    return started


def test_it_is_told_to_be_an_agent(agent):
    assert (agent() / "argv").read_text() == "agent\n"


def test_nothing_of_the_callers_environment_but_the_user_comes_along(agent):
    root = agent()
    found = dict(
        pair.split(b"=", 1) for pair in (root / "environ").read_bytes().split(b"\0") if pair
    )
    assert found.pop(b"TJS_ROOT") == os.fsencode(root)
    assert found.pop(b"PATH") == b"/usr/local/bin:/usr/bin:/bin"
    assert set(found) <= {b"HOME", b"USER", b"LOGNAME", b"LANG"}
    assert found.get(b"HOME") == os.environb.get(b"HOME")


def test_it_is_in_another_session_without_a_terminal_and_leads_none(agent):
    text = (agent() / "stat").read_text()
    pid = int(text.split()[0])
    fields = text.rpartition(")")[2].split()
    assert int(fields[PS_SESSION]) not in (os.getsid(0), pid)
    assert int(fields[PS_TTY]) == 0
    assert int(fields[PS_PPID]) != os.getpid()


def test_it_holds_no_descriptor_of_its_caller(agent):
    lines = [line for line in (agent() / "fds").read_text().splitlines() if "->" in line]
    # 10 and above: the stand-in's own script and notes.
    inherited = {line.split()[-3]: line.split()[-1] for line in lines if len(line.split()[-3]) == 1}
    inherited.pop("1")  # its own redirection to fds
    assert inherited == {"0": "/dev/null", "2": "/dev/null"}


def test_a_missing_program_is_told_to_the_user(tmp_path):
    with pytest.raises(TinyschedError) as caught:
        agent_start.start(str(tmp_path), str(tmp_path))
    assert caught.value.sentence == (
        f"cannot start your agent: {tmp_path}/tinysched cannot be executed"
    )
    assert caught.value.cure


def test_starting_an_agent_loads_nothing_slow():
    package = os.path.dirname(os.path.dirname(os.path.dirname(agent_start.__file__)))
    code = (
        f"import sys; before = set(sys.modules); sys.path.append({package!r});"
        "import tinysched.host.agent_start; print(*sorted(set(sys.modules) - before))"
    )
    answer = subprocess.run(
        [sys.executable, "-IS", "-c", code], capture_output=True, text=True, check=True
    )
    assert set(answer.stdout.split()) <= {
        "__future__",
        "tinysched",
        "tinysched.errors",
        "tinysched.host",
        "tinysched.host.agent_start",
    }
