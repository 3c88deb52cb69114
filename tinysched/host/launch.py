"""Starting a job: a child made ready as its submitter wants it, or a sentence why not."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tinysched.errors import TinyschedError
from tinysched.host import execution, limits, marks, processes, terminal

Stream = str | int
"""A path to open, or a descriptor to hand on (a foreground job keeps its terminal)."""

_OPEN_ALWAYS = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FIRST_FREE = 3
_ELSEWHERE = "/tmp"
_NOT_STARTED = 127
_LONGEST = 4096
# What a child says first: that it is ready, or that a sentence follows why it is not.
_READY = b"\0"
_NO_MORE = b"\1"


class LaunchError(TinyschedError):
    """A job that could not be started; nothing of it has run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a job is to be started.

    `argv[0]` is the program's path; without a slash it is looked up in PATH of `environment`.
    `called` is its name in messages. `limits` is the submitter's /proc/self/limits, raw (''
    changes none). `keep` names descriptors the job inherits beyond its three streams.
    `settle` is called in the child with its pid, `announce` in the launcher before the child
    becomes the job; what either raises stops the start. Should the launcher be killed in between,
    `is_announced` tells the child whether to go on.
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
    settle: Callable[[int], None] = lambda _pid: None
    announce: Callable[[int], None] = lambda _pid: None
    is_announced: Callable[[], bool] = lambda: False
    foreground: bool = False
    called: str = ""
    mark: int = 0
    voice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A job that runs: the child of the caller, who must reap it."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _BeforeExec:
    """What the child changes of itself at last: limits, and the signals that its parent ignores.

    `teller` is where it says that it is ready, and what is wrong; `gate` is what it waits at.
    """

    limits: Mapping[int, tuple[int, int]]
    ignored: Sequence[int]
    teller: int
    gate: int


def launch(job: Launch) -> Launched:
    """Start a job and return when its program has taken over.

    Raises: LaunchError with a sentence for the job's record.
    """
    told, teller = map(_above_streams, os.pipe())
    gate, opener = map(_above_streams, os.pipe())
    # What can be done here is: a fresh child pays for each page that it touches.
    before_exec = _BeforeExec(
        limits=limits.lowered(limits.parse(job.limits)),
        ignored=processes.ignored_signals(),
        teller=teller,
        gate=gate,
    )
    _shut_all()
    before = processes.block_signals()
    try:
        pid = os.fork()
        if pid == 0:
            os.close(opener)  # or it would never see that we are gone
            _child(job, before_exec)
    except OSError as error:
        os.close(told)
        os.close(opener)
        raise LaunchError(f"cannot start a process: {error.strerror}") from error
    finally:
        processes.restore_signals(before)
        os.close(teller)
        os.close(gate)
    sentence = _see_off(job, pid, told, opener)
    if not sentence:
        return Launched(pid=pid)
    os.waitpid(pid, 0)
    raise LaunchError(sentence)


def _see_off(job: Launch, pid: int, told: int, opener: int) -> str:
    """Lets the child become the job once that is announced. A sentence if it does not."""
    sentence = ""
    try:
        if os.read(told, 1) == _READY:
            sentence = _announce(job, pid)
            if not sentence:
                with contextlib.suppress(BrokenPipeError):  # it was killed
                    os.write(opener, _READY)
        os.close(opener)
        said = b""
        while piece := os.read(told, _LONGEST):  # until exec, or death, closes the child's end
            said += piece
        return sentence or said.removeprefix(_NO_MORE).decode(errors="replace")
    finally:
        os.close(told)


def _announce(job: Launch, pid: int) -> str:
    """A sentence if the start cannot be recorded."""
    try:
        job.announce(pid)
    except OSError as error:
        return f"cannot record the start: {error.strerror}"
    except Exception as error:  # whatever it is, the child must not run
        return _sentence(error)
    return ""


def _above_streams(descriptor: int) -> int:
    """Move a descriptor away from 0, 1 and 2, should the caller have none of these."""
    if descriptor >= _FIRST_FREE:
        return descriptor
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE)
    os.close(descriptor)
    return moved


def _child(job: Launch, before_exec: _BeforeExec) -> None:
    """Become the job, or say down the pipe why not. Never returns."""
    exit_code = _NOT_STARTED
    try:
        _prepare(job, before_exec)
        exit_code = _become(job)
    except BaseException as error:  # whatever it is, the parent must hear it
        said = _NO_MORE + _sentence(error).encode(errors="replace")[:_LONGEST]
        os.write(before_exec.teller, said)
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


def _sentence(error: BaseException) -> str:
    if isinstance(error, TinyschedError):
        return error.sentence
    return f"cannot start the job: {type(error).__name__}: {error}"


def _prepare(job: Launch, before_exec: _BeforeExec) -> None:
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
    job.settle(os.getpid())
    os.write(before_exec.teller, _READY)
    if not os.read(before_exec.gate, 1) and not job.is_announced():
        raise LaunchError("cannot record the start: nobody is there to do it")
    for descriptor in job.keep:
        os.set_inheritable(descriptor, True)
    os.umask(job.umask)
    # The limits come last: ours are needed to open, to write `started`, and to say what failed.
    limits.apply(before_exec.limits)
    marks.put_on(job.mark)
    processes.reset_for_exec(before_exec.ignored)


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


def _shut_all() -> None:
    """Have every exec from now on close whatever a job was not promised."""
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor >= _FIRST_FREE:
            try:
                if os.get_inheritable(descriptor):
                    os.set_inheritable(descriptor, False)
            except OSError:
                continue  # the listing's own, closed by now
