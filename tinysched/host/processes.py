"""Forking, signalling and waiting: what agent, worker and dispatcher do with processes."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found] # signal makes a name of each number, both ways
import contextlib
import ctypes
import os
import select
import signal
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tinysched.host.births import start_ticks as start_ticks
from tinysched.host.procfiles import content

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36

EXIT_BUG = 70

# Loaded before any fork, so that every worker shares it.
_LIBC = ctypes.CDLL(None, use_errno=True)
# Python's own pthread_sigmask makes a name of each of 64 numbers: that takes as long as a fork.
Mask = ctypes.Array[ctypes.c_char]
_MASK_SIZE = 128
# Not those that the C library keeps to itself: whatever posix_spawn starts, as make does, has them
# ignored, and nobody may change that.
_CHANGEABLE = sorted(map(int, signal.valid_signals()))
_ALL = ctypes.create_string_buffer(b"\xff" * _MASK_SIZE, _MASK_SIZE)
_NOTHING = ctypes.create_string_buffer(_MASK_SIZE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaped:
    """A child that ended: its exit code, or the signal that killed it (0: none).

    `cpu_s` counts what it waited for as well; `system_s` of it were in the kernel. `peak_kib`: the
    most that was resident of any one of these. `blocks_in`, `blocks_out`: of 512 bytes, from and to
    disks.
    """

    pid: int
    code: int
    signal: int
    cpu_s: float
    system_s: float = 0.0
    peak_kib: int = 0
    blocks_in: int = 0
    blocks_out: int = 0


def fork_worker(work: Callable[[], int]) -> int:
    """Run `work` in a child and end that child with its answer.

    The child starts with default signal dispositions and an empty mask: it must not run handlers
    of its parent. It closes nothing.

    Raises: OSError if there can be no more processes.
    """
    before = block_signals()
    pid = -1  # fork may fail
    try:
        pid = os.fork()
    finally:
        if pid:
            restore_signals(before)
    if pid:
        return pid
    code = EXIT_BUG
    try:
        reset_signals()
        code = work()
    except BaseException:  # nothing may escape into the code of the parent
        import traceback  # large, and there should be no need for it

        traceback.print_exc()
    finally:
        _leave(code)
    raise AssertionError("unreachable")


def ask_child(work: Callable[[], bytes]) -> bytes:
    """What `work` answers in a child; nothing, if that dies. What it loads goes with it.

    Raises: OSError if there can be no more processes.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)

    def tell() -> int:
        with open(writer, "wb") as file:
            file.write(work())
        return 0

    try:
        pid = fork_worker(tell)
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)
    with open(reader, "rb") as file:
        answer = file.read()
    with contextlib.suppress(ChildProcessError):  # whoever started us ignores ends of children
        os.waitpid(pid, 0)
    return answer


def _leave(code: int) -> None:
    """End a forked child without running what its parent registered for its own exit."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def become_worker(title: str) -> None:
    """Make the calling child a session leader that inherits all orphans below it."""
    os.setsid()
    set_subreaper()
    set_title(title)


def set_subreaper() -> None:
    """Become the parent of every orphaned descendant. Not inherited by forks, kept by exec."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def set_title(title: str) -> None:
    """Show `title` (its first 15 bytes) as the name of this process in ps -e and top."""
    _prctl(PR_SET_NAME, ctypes.c_char_p(title.encode()))


def die_with_parent() -> None:
    """Have the kernel send TERM to this process when its parent dies.

    Also if it died before the kernel could be asked: then nobody reads the pipe that is our stdout.
    """
    parent = os.getppid()
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent or _is_unread(1):
        os.kill(os.getpid(), signal.SIGTERM)


def _is_unread(descriptor: int) -> bool:
    """Tell whether it is a pipe whose other end is closed everywhere."""
    poll = select.poll()
    poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _prctl(option: int, value: int | ctypes.c_char_p) -> None:
    argument = value if isinstance(value, ctypes.c_char_p) else ctypes.c_ulong(value)
    zero = ctypes.c_ulong(0)
    if _LIBC.prctl(option, argument, zero, zero, zero) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def block_signals() -> Mask:
    """Hold back every signal; returns the mask that was."""
    before = ctypes.create_string_buffer(_MASK_SIZE)
    _LIBC.pthread_sigmask(int(signal.SIG_BLOCK), _ALL, before)
    return before


def restore_signals(mask: Mask) -> None:
    """Hold back again what was held back before."""
    _LIBC.pthread_sigmask(int(signal.SIG_SETMASK), mask, None)


def ignored_signals() -> list[int]:
    """List what this process ignores: unlike a handler, that stays through an exec."""
    for line in content("/proc/self/status").splitlines():
        if line.startswith(b"SigIgn:"):
            mask = int(line.split()[1], 16)
            return [number for number in _CHANGEABLE if mask >> number - 1 & 1]
    return [number for number in _CHANGEABLE if number not in (signal.SIGKILL, signal.SIGSTOP)]


def reset_for_exec(ignored: Iterable[int]) -> None:
    """Give these signals their default meaning, and let all through; exec does the rest."""
    signal.set_wakeup_fd(-1)
    for signum in ignored:
        signal.signal(signum, signal.SIG_DFL)
    restore_signals(_NOTHING)


def reset_signals() -> None:
    """Give every signal its default meaning and let all through.

    Python ignores SIGPIPE and a parent may ignore more (nohup); a job must not inherit that.
    """
    _signal.set_wakeup_fd(-1)
    for signum in _signal.valid_signals() - {_signal.SIGKILL, _signal.SIGSTOP}:
        if _signal.getsignal(signum) != _signal.SIG_DFL:
            _signal.signal(signum, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def send(pid: int, signum: int) -> bool:
    """Signal a process; False if it is gone or not ours."""
    try:
        os.kill(pid, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def send_pidfd(pidfd: int, signum: int) -> bool:
    """Signal the process behind a pidfd; False if it is gone or not ours."""
    try:
        signal.pidfd_send_signal(pidfd, signum)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def open_pidfd(pid: int, ticks: int | None = None) -> int | None:
    """Open a descriptor that becomes readable when the process ends; None if it is gone.

    With `ticks`: None as well if the pid has been given to a process started at another time.
    """
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if ticks is not None and start_ticks(pid) != ticks:
        os.close(pidfd)
        return None
    return pidfd


def reap(note: Callable[[int, int, int], None] | None = None) -> list[Reaped]:
    """Take every child that has ended, without waiting.

    `note` hears of each before it is taken: its pid, exit code and signal. Until it returns, the
    end can still be seen by whoever inherits the child if this process is killed.
    """
    ended: list[Reaped] = []
    while True:
        try:
            seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if seen is None:
                return ended
            by_exit = seen.si_code == os.CLD_EXITED
            if note is not None:
                code, signum = (seen.si_status, 0) if by_exit else (0, seen.si_status)
                note(seen.si_pid, code, signum)
            pid, status, usage = os.wait4(seen.si_pid, os.WNOHANG)
        except ChildProcessError:
            return ended
        by_signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
        cpu_s = usage.ru_utime + usage.ru_stime
        ended.append(
            Reaped(
                pid=pid,
                code=code,
                signal=by_signal,
                cpu_s=cpu_s,
                system_s=usage.ru_stime,
                peak_kib=usage.ru_maxrss,
                blocks_in=usage.ru_inblock,
                blocks_out=usage.ru_oublock,
            )
        )


def stopped() -> list[int]:
    """List the children that were stopped (Ctrl-Z) since the last call, without waiting."""
    found: list[int] = []
    while True:
        try:
            child = os.waitid(os.P_ALL, 0, os.WSTOPPED | os.WNOHANG)
        except ChildProcessError:
            return found
        if child is None:
            return found
        found.append(child.si_pid)


def has_children() -> bool:
    """Tell whether any child is left, running or not yet reaped."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def send_titled(pid: int, title: str, signum: int) -> None:
    """Signal a process, and nobody to whom its pid may have been given since."""
    pidfd = open_pidfd(pid)
    if pidfd is None:
        return
    if content(f"/proc/{pid}/comm").rstrip(b"\n") == title.encode():
        send_pidfd(pidfd, signum)
    os.close(pidfd)


def command_line(pid: int) -> list[str]:
    """Tell the words a process was started with; none if there is no such process."""
    return [os.fsdecode(word) for word in content(f"/proc/{pid}/cmdline").split(b"\0")[:-1]]


def become_ordinary() -> None:
    """Take the nice value 0, if the kernel lets this process."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, 0)
