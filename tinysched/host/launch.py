"""Starting a job: a child made ready as its submitter wants it, or a sentence why not."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import stat
from collections.abc import Callable, Mapping, Sequence

from tinysched.errors import TinyschedError
from tinysched.host import execution, limits, marks, processes, terminal
from tinysched.values import dataclass

Stream = str | int
"""A path to open, or a descriptor to hand on (a foreground job keeps its terminal)."""

_OPEN_ALWAYS = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FIRST_FREE = 3
_ELSEWHERE = "/tmp"
_NOT_STARTED = 127


class LaunchError(TinyschedError):
    """A job that could not be started; nothing of it has run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a job is to be started.

    `argv[0]` is the program's path; without a slash it is looked up in PATH of `environment`.
    `called` is its name in messages. `limits` is the submitter's /proc/self/limits, raw (''
    changes none). `keep` names descriptors the job inherits beyond its three streams.
    `announce` is called in the child with its pid just before exec; what it raises stops the start.
    A `foreground` job gets a process group that owns the terminal, any other a session. `mark`: see
    host/marks.py. `voice`: how the lines in its stderr begin that tell of a missing directory (it
    starts in /tmp then) or of a program that cannot be run (it ends with the errno); '': neither is
    started.
    """

    argv: Sequence[str | bytes]
    environment: Mapping[bytes, bytes]
    work_dir: str | bytes
    stdin: Stream = "/dev/null"
    stdout: Stream
    stderr: Stream
    append: bool = False
    umask: int
    limits: str = ""
    keep: Sequence[int] = ()
    announce: Callable[[int], None] = lambda _pid: None
    foreground: bool = False
    called: str = ""
    mark: int = 0
    voice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A job that runs: the child of the caller, who must reap it."""

    pid: int


def launch(job: Launch) -> Launched:
    """Start a job and return when its program has taken over.

    Raises: LaunchError with a sentence for the job's record.
    """
    reader, writer = (_above_streams(end) for end in os.pipe())
    before = processes.block_signals()
    try:
        pid = os.fork()
        if pid == 0:
            _child(job, writer)
    except OSError as error:
        os.close(reader)
        raise LaunchError(f"cannot start a process: {error.strerror}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(writer)
    with open(reader, "rb") as pipe:
        sentence = pipe.read()  # ends when exec, or death, closes the child's end
    if not sentence:
        return Launched(pid=pid)
    os.waitpid(pid, 0)
    raise LaunchError(sentence.decode(errors="replace"))


def _above_streams(descriptor: int) -> int:
    """Move a descriptor away from 0, 1 and 2, should the caller have none of these."""
    if descriptor >= _FIRST_FREE:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    os.close(descriptor)
    return moved


def _child(job: Launch, writer: int) -> None:
    """Become the job, or say down the pipe why not. Never returns."""
    exit_code = _NOT_STARTED
    try:
        _prepare(job)
        exit_code = _become(job)
    except BaseException as error:  # whatever it is, the parent must hear it
        sentence = error.sentence if isinstance(error, TinyschedError) else _bug(error)
        os.write(writer, sentence.encode(errors="replace")[:4096])
    finally:
        os._exit(exit_code)


def _become(job: Launch) -> int:
    """Run the program. The exit code of one that cannot be run, and whose stderr says why."""
    try:
        execution.run(job.argv, job.environment, job.called)
    except execution.ExecutionError as error:
        if not job.voice:
            raise
        _tell(job, f"execve(): {error.called}: {os.strerror(error.number)}")
        return error.number
    return _NOT_STARTED


def _tell(job: Launch, words: str) -> None:
    """A line in the job's stderr; who cannot be told is not."""
    with contextlib.suppress(OSError):
        os.write(2, os.fsencode(f"{job.voice}{words}\n"))


def _bug(error: BaseException) -> str:
    return f"cannot start the job: {type(error).__name__}: {error}"


def _prepare(job: Launch) -> None:
    """Do all that comes before exec, in an order that lets each step fail with its own words."""
    if job.foreground:
        was = os.getpgrp()
        os.setpgid(0, 0)
        terminal.give_to(os.getpid(), was)
    else:
        os.setsid()
    astray = _change_directory(job)
    _redirect(job)
    if astray:
        _tell(job, astray)
        _tell(job, astray)  # twice, as Slurm does
    try:
        job.announce(os.getpid())
    except OSError as error:
        raise LaunchError(f"cannot record the start: {error.strerror}") from error
    _shut_all_but(job.keep)
    os.umask(job.umask)
    # The limits come last: ours are needed to open, to write `started`, and to say what failed.
    limits.apply(limits.parse(job.limits))
    marks.put_on(job.mark)
    processes.reset_signals()


def _change_directory(job: Launch) -> str:
    """Go to the job's directory; words if it is another's."""
    try:
        os.chdir(job.work_dir)
    except OSError as error:
        named = os.fsdecode(job.work_dir)
        if not job.voice:
            raise LaunchError(f"cannot change to {named}: {error.strerror}") from error
        os.chdir(_ELSEWHERE)
        return f"couldn't chdir to `{named}': {error.strerror}: going to {_ELSEWHERE} instead"
    return ""


def _redirect(job: Launch) -> None:
    # What others add, we among them, a job never writes over: not even if it may truncate.
    how = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (0 if job.append else os.O_TRUNC)
    # The mode is given whole: a default ACL on the directory would switch a umask off.
    mode = 0o666 & ~job.umask
    before = os.umask(0)
    streams = [
        _open(job.stdin, os.O_RDONLY, 0),
        _open(job.stdout, how, mode),
        _open(job.stderr, how, mode),
    ]
    os.umask(before)
    if os.path.samestat(os.fstat(streams[1]), os.fstat(streams[2])):
        # One file: one offset for both, or each would write over the other's lines.
        streams[2] = streams[1]
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)


def _open(stream: Stream, how: int, mode: int) -> int:
    """Open a stream without ever waiting for somebody at the other end of a FIFO."""
    if isinstance(stream, int):
        return fcntl.fcntl(stream, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    try:
        descriptor = os.open(stream, how | _OPEN_ALWAYS, mode)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
    except OSError as error:
        why = "nobody reads from this FIFO" if error.errno == errno.ENXIO else error.strerror
        raise LaunchError(f"cannot open {stream}: {why}") from error
    return _above_streams(descriptor)


def _shut_all_but(keep: Sequence[int]) -> None:
    """Have exec close every descriptor that the job was not promised."""
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor >= _FIRST_FREE:
            try:
                os.set_inheritable(descriptor, descriptor in keep)
            except OSError:
                continue  # the listing's own, closed by now
