"""Starting real processes in tests, and being sure that none is left."""

from __future__ import annotations

import os
from collections.abc import Callable

from tests import wait
from tinysched.host import processes
from tinysched.host.launch import Launch, launch

PATH = b"/usr/local/bin:/usr/bin:/bin"


def shell(tmp_path, script: str, **more) -> Launch:
    """A launch of a few shell commands, as a job in tmp_path would be."""
    wanted = {
        "argv": ["/bin/sh", "-c", script],
        "environment": {b"PATH": PATH},
        "work_dir": str(tmp_path),
        "stdout": str(tmp_path / "out"),
        "stderr": str(tmp_path / "err"),
        "umask": 0o022,
    }
    return Launch(**(wanted | more))


def run(job: Launch) -> processes.Reaped:
    """Start a job and see it end."""
    return ended(launch(job).pid)


def ended(pid: int) -> processes.Reaped:
    """See a child end."""
    seen: list[processes.Reaped] = []

    def gone() -> bool:
        seen.extend(processes.reap())
        return any(one.pid == pid for one in seen)

    wait.until(gone, says=f"process {pid} ends")
    return next(one for one in seen if one.pid == pid)


def in_child(work: Callable[[], object]) -> processes.Reaped:
    """Do something that must not happen to the test's own process; code 0 if it went well."""

    def checked() -> int:
        work()
        return 0

    return ended(processes.fork_worker(checked))


def as_nobody(work: Callable[[], object]) -> processes.Reaped:
    """Do something as a user without rights."""

    def lowered() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        work()

    return in_child(lowered)
