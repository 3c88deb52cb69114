"""Which jobs a small shell makes way for, and which are left to a fork."""

import contextlib
import os
import resource

import pytest

from tests import wait
from tests.host.running import PATH, ended, shell
from tinysched.host import gating, launch, processes, runnable
from tinysched.host.ready import made_ready

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not runnable.is_sure(b"/bin/dash"), reason="CI cannot run this: no dash"),
]


def is_for_it(job) -> bool:
    """Whether the shell would wait for such a job."""
    with made_ready(job) as ready:
        child = gating.start(ready)
    if child is not None:
        child.turn_away()
    assert not processes.has_children()
    return child is not None


def script(tmp_path, text):
    path = tmp_path / "job.sh"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def limit(name, value):
    return f"{name:26}{value:<21}{value:<21}units\n"


def test_what_is_usual_is_for_it(tmp_path):
    kept = os.open("/dev/null", os.O_RDONLY)
    (tmp_path / "in").touch()
    try:
        for more in (
            {"argv": [script(tmp_path, "#!/bin/bash -e\n"), "a", b"\xff"]},
            {"argv": [script(tmp_path, "#! /usr/bin/env python3\n")]},
            {"stdin": str(tmp_path / "in"), "append": True, "stderr": str(tmp_path / "out")},
            {"keep": [kept], "mark": 1 << 50, "pid_variable": b"SLURM_TASK_PID"},
            {
                "environment": {
                    b"PATH": PATH,
                    b"BASH_FUNC_ml%%": b"() {  :\n}",
                    b"LD_LIBRARY_PATH": b"/",
                }
            },
            {"limits": limit("Max open files", 200) + limit("Max core file size", 0)},
            {"voice": "slurmstepd: error: ", "work_dir": "/no/such"},
        ):
            assert is_for_it(shell(tmp_path, "", **more)), more
    finally:
        os.close(kept)


def test_what_is_not_is_left_to_a_fork(tmp_path):
    for more in (
        {"foreground": True},
        {"argv": ["sh", "-c", ""]},
        {"argv": [script(tmp_path, "#!/no/such\n")]},
        {"argv": [script(tmp_path, "echo no interpreter\n")]},
        {"argv": ["/bin/sh", "x" * 100_000]},
        {"argv": ["/bin/sh", "\ud800"]},
        {"argv": ["/bin/sh", "\0"]},
        {"environment": {b"": b"x"}},
        {"environment": {b"A=B": b"x"}},
        {"environment": {b"BASH_FUNC_mine%%": b"() {  say secret\n}"}},
        {"environment": {b"TJS_PWD": b"ours"}},
        {"environment": {b"A": b"\0"}},
        {"pid_variable": b"no name"},
        {"limits": limit("Max open files", 20)},
        {"limits": limit("Max address space", 2**20)},
    ):
        assert not is_for_it(shell(tmp_path, "", **more)), more


def test_nobody_can_read_the_variables_of_a_job_while_it_waits(tmp_path):
    given = {b"PATH": PATH, b"TOKEN": b"secret", b"PWD": b"secret", b"LD_LIBRARY_PATH": b"/"}
    shown: list[str] = []

    def announce(pid: int) -> None:
        wait.until(lambda: processes.command_line(pid), says="the kernel is through with its exec")
        shown.extend(processes.command_line(pid))

    ended(launch.launch(shell(tmp_path, "", environment=given, announce=announce)).pid)
    assert shown[0] == "/bin/dash"
    assert not any("secret" in word for word in shown)


def test_a_program_that_env_would_take_for_a_variable_is_left_to_a_fork(tmp_path):
    os.mkdir(tmp_path / "a=b")
    program = script(tmp_path / "a=b", "#!/bin/sh\n")
    assert not is_for_it(shell(tmp_path, "", argv=[program]))


def test_a_host_without_the_shell_starts_jobs_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(gating, "_SHELL", b"/no/such/dash")
    job = shell(tmp_path, "exit 3")
    assert not is_for_it(job)
    assert ended(launch.launch(job).pid).code == 3


def test_a_kernel_that_lets_nobody_set_anothers_limits_starts_jobs_all_the_same(
    tmp_path, monkeypatch
):
    def refuse(*_) -> None:
        raise PermissionError

    monkeypatch.setattr(resource, "prlimit", refuse)
    job = shell(tmp_path, "exit 3", mark=1 << 50)
    assert not is_for_it(job)
    assert ended(launch.launch(job).pid).code == 3


def test_nothing_is_left_open_when_it_declines(tmp_path):
    before = sorted(os.listdir("/proc/self/fd"))
    for more in ({"environment": {b"A": b"\0"}}, {"argv": ["/no/such"]}):
        with contextlib.suppress(launch.LaunchError):
            assert not is_for_it(shell(tmp_path, "", **more))
    assert sorted(os.listdir("/proc/self/fd")) == before
