"""Starting the tasks of a step: children with streams and a terminal of their own, light to import.

A job is started by launch.py, with all that its submitter left; a task has what its srun has.
"""

from __future__ import annotations

import fcntl
import posix
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_FIRST_FREE = 3
_SET_TERMINAL = 0x540E  # TIOCSCTTY
_NO_ACCESS = 13


class Plan:
    """How one task is to be started.

    `streams`: descriptors for its stdin, stdout and stderr. `terminal`: a descriptor of a terminal
    that becomes its own. `limits`: of files, core and so on are this process's. `complain` says in
    the child why it cannot be started.
    """

    def __init__(
        self,
        argv: Sequence[bytes],
        variables: Mapping[bytes, bytes],
        streams: tuple[int, int, int],
        complain: Callable[[str], None],
        terminal: int | None = None,
    ) -> None:
        self.argv = list(argv)
        self.variables = dict(variables)
        self.streams = streams
        self.complain = complain
        self.terminal = terminal


class Ended:
    """How a child ended, and what it took. Units: seconds, KiB."""

    def __init__(self, pid: int, status: int, usage: tuple[float, float, int]) -> None:
        self.pid = pid
        code = posix.waitstatus_to_exitcode(status)
        self.code, self.signal = (0, -code) if code < 0 else (code, 0)
        self.has_core = posix.WCOREDUMP(status)
        self.user_s, self.system_s, self.peak_kib = usage


class Gate:
    """Tasks wait before it until they are on record: if this process is killed they never begin."""

    def __init__(self) -> None:
        self._reader, self._writer = posix.pipe2(posix.O_CLOEXEC)

    def open(self, tasks: int) -> None:
        """Lets so many go."""
        posix.write(self._writer, b"." * tasks)

    def close(self) -> None:
        """Whoever still waits ends."""
        posix.close(self._reader)
        posix.close(self._writer)

    def pass_through(self) -> bool:
        """In a task: waits; false if nobody will open."""
        posix.close(self._writer)
        return posix.read(self._reader, 1) == b"."


def start(plan: Plan, blocked: set[int], gate: Gate) -> int:
    """The pid of a new task. `blocked`: signals this process holds back while it starts some.

    Raises: OSError.
    """
    pid = posix.fork()
    if pid:
        return pid
    try:
        if gate.pass_through():
            _become(plan, blocked)
    finally:
        posix._exit(127)


def reap() -> list[Ended]:
    """The children that have ended since; never waits."""
    found: list[Ended] = []
    while True:
        try:
            pid, status, usage = posix.wait4(-1, posix.WNOHANG)
        except ChildProcessError:
            return found
        if not pid:
            return found
        found.append(Ended(pid, status, (usage.ru_utime, usage.ru_stime, usage.ru_maxrss)))


def send(pid: int, signum: int) -> None:
    """A signal to a task's own group; unless it has ended."""
    for address in (-pid, pid):
        try:
            posix.kill(address, signum)
        except (ProcessLookupError, PermissionError):
            continue
        return


def send_below(pid: int, signum: int) -> None:
    """A signal to a task, its group, and whatever has left that."""
    from tinysched.host import tree

    below = tree.descendants(pid)
    send(pid, signum)
    for child in below:
        try:
            posix.kill(child, signum)
        except (ProcessLookupError, PermissionError):
            continue


def _become(plan: Plan, blocked: set[int]) -> None:
    variables = plan.variables
    variables[b"SLURM_TASK_PID"] = b"%d" % posix.getpid()
    posix.setsid()
    if plan.terminal is not None:
        fcntl.ioctl(plan.terminal, _SET_TERMINAL, 0)
    moved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for fd in plan.streams]
    for number, fd in enumerate(moved):
        posix.dup2(fd, number)
    signal.set_wakeup_fd(-1)
    for number in range(1, signal.NSIG):
        if number in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
            continue
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, blocked)
    _execute(plan.argv, variables, plan.complain)


def _execute(
    argv: list[bytes], variables: dict[bytes, bytes], complain: Callable[[str], None]
) -> None:
    shown, failure = argv[0].decode("utf-8", "replace"), OSError(2, "No such file or directory")
    for path in _candidates(argv[0], variables):
        try:
            posix.execve(path, argv, variables)
        except (FileNotFoundError, NotADirectoryError) as error:
            interpreter = _interpreter(path)
            if interpreter:
                shown, failure = f"bad interpreter({interpreter})", error
                break
        except OSError as error:
            if error.errno == _NO_ACCESS and not _is_there(path):
                continue  # a folder that is closed to us
            failure = error
            if error.errno != _NO_ACCESS:
                break
    if "/" in shown and not shown.startswith(("/", "bad ")):
        shown = f"{posix.getcwd()}/{shown}"
    complain(f"execve(): {shown}: {failure.strerror}")
    posix._exit(failure.errno or 1)


def _is_there(path: bytes) -> bool:
    try:
        posix.stat(path)
    except OSError:
        return False
    return True


def _interpreter(path: bytes) -> str:
    """What a script that is there names in its first line; '' if that is not what is missing."""
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
    except OSError:
        return ""
    try:
        line = posix.read(fd, 256).partition(b"\n")[0]
    except OSError:
        return ""
    finally:
        posix.close(fd)
    words = line[2:].split() if line.startswith(b"#!") else []
    return words[0].decode("utf-8", "replace") if words else ""


def _candidates(program: bytes, variables: Mapping[bytes, bytes]) -> list[bytes]:
    """Where a program may lie; looked up as its own variables say."""
    if b"/" in program:
        return [program]
    folders = variables.get(b"PATH", b"").split(b":")
    return [folder + b"/" + program for folder in folders if folder] + [program]
