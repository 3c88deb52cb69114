"""Starting a user's agent from any command of that user.

Imported on the start-up path of tsbatch, tsqueue and tscancel: imports only posix.
"""

from __future__ import annotations

import posix

from tinysched.errors import TinyschedError

# The name of its process.
TITLE = "ts agent"

# Nothing else of the caller's environment: it may be a job's, with that job's cookie in it, and
# its end must not find the agent.
_KEPT = (b"HOME", b"USER", b"LOGNAME", b"LANG")
_PATH = b"/usr/local/bin:/usr/bin:/bin"


def shell_facts(limits: bytes) -> bytes:
    """What an agent takes over from the shell that it is started from, and cannot change later.

    The first line is the nice value. `limits`: /proc/self/limits, raw; of these the hard ones, in
    the kernel's columns.
    """
    groups = b" ".join([b"%d" % gid for gid in sorted(posix.getgroups())])
    cores = b" ".join([b"%d" % core for core in sorted(posix.sched_getaffinity(0))])
    hard = b"\n".join([line[:26] + line[47:68] * 2 for line in limits.split(b"\n")[1:]])
    nice = posix.getpriority(posix.PRIO_PROCESS, 0)
    return b"nice %d\ngid %d\ngroups %s\ncores %s\n%s" % (
        nice,
        posix.getegid(),
        groups,
        cores,
        hard,
    )


def start(bin_dir: str, root: str, *, replace: bool = False) -> None:
    """Start the agent of this user for `root`, detached from everything of the caller.

    If another one holds the lock already, the new one leaves by itself; with `replace`, it ends
    the other.

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
            _become_agent([program, "agent", *(["--replace"] if replace else [])], root)
    finally:
        posix._exit(0)


def program(bin_dir: str) -> str:
    """Where the program lies that an agent is started from now, every link followed.

    Raises: OSError if it could not be started.
    """
    if not posix.access(f"{bin_dir}/tinysched", posix.X_OK):
        raise PermissionError(f"{bin_dir}/tinysched")
    descriptor = posix.open(f"{bin_dir}/tinysched", posix.O_PATH | posix.O_CLOEXEC)
    try:
        return posix.readlink(f"/proc/self/fd/{descriptor}")
    finally:
        posix.close(descriptor)


def succeed(bin_dir: str, root: str, lock: int) -> None:
    """Turn this agent into the one that is installed now; it keeps the pid, the children, the lock.

    `lock`: the descriptor of the agent's lock; all others are closed.

    Raises: OSError if that fails; the process is then of no use any more.
    """
    posix.set_inheritable(lock, True)
    _become_agent([f"{bin_dir}/tinysched", "agent", f"--lock={lock}"], root, lock)


def _become_agent(argv: list[str], root: str, keep: int = -1) -> None:
    environment = {name: posix.environ[name] for name in _KEPT if name in posix.environ}
    environment[b"PATH"] = _PATH
    environment[b"TJS_ROOT"] = posix.fspath(root).encode("utf-8", "surrogateescape")
    posix.chdir("/")
    nowhere = posix.open("/dev/null", posix.O_RDWR)
    for number in range(3):
        posix.dup2(nowhere, number)
        posix.set_inheritable(number, True)  # dup2 of a descriptor to itself changes nothing
    for name in posix.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != keep:
            try:
                posix.close(int(name))
            except OSError:
                continue  # the listing's own
    posix.execve(argv[0], argv, environment)
