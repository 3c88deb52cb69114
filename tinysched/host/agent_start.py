"""Starting a user's agent from any command of that user.

Imported on the start-up path of tsbatch, tsqueue and tscancel: imports only posix.
"""

from __future__ import annotations

import posix

from tinysched.errors import TinyschedError

# Nothing else of the caller's environment: it may be a job's, with that job's cookie in it, and
# its end must not find the agent.
_KEPT = (b"HOME", b"USER", b"LOGNAME", b"LANG")
_PATH = b"/usr/local/bin:/usr/bin:/bin"


def start(bin_dir: str, root: str) -> None:
    """Start the agent of this user for `root`, detached from everything of the caller.

    If another one holds the lock already, the new one leaves by itself.

    Raises: TinyschedError if there is no program to start.
    """
    program = f"{bin_dir}/tinysched"
    if not posix.access(program, posix.X_OK):
        raise TinyschedError(
            f"cannot start your agent: {program} cannot be executed",
            "the installation is incomplete: ask who installed it to run install.py again",
        )
    child = posix.fork()
    if child:
        posix.waitpid(child, 0)
        return
    try:
        posix.setsid()
        # The second fork: who leads no session can never be given a terminal.
        if posix.fork() == 0:
            _become_agent(program, root)
    finally:
        posix._exit(0)


def _become_agent(program: str, root: str) -> None:
    environment = {name: posix.environ[name] for name in _KEPT if name in posix.environ}
    environment[b"PATH"] = _PATH
    environment[b"TJS_ROOT"] = posix.fspath(root).encode("utf-8", "surrogateescape")
    posix.chdir("/")
    nowhere = posix.open("/dev/null", posix.O_RDWR)
    for number in range(3):
        posix.dup2(nowhere, number)
        posix.set_inheritable(number, True)  # dup2 of a descriptor to itself changes nothing
    for name in posix.listdir("/proc/self/fd"):
        if int(name) > 2:
            try:
                posix.close(int(name))
            except OSError:
                continue  # the listing's own
    posix.execve(program, [program, "agent"], environment)
