"""What is done for a job before it has a process: its directory, its streams, its variables.

Done by the launcher, since a fresh child pays for each page that it touches.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tinysched.errors import TinyschedError
from tinysched.host import scratch, streams
from tinysched.host.streams import Stream

_ELSEWHERE = "/tmp"
_HERE = os.O_PATH | os.O_CLOEXEC


class LaunchError(TinyschedError):
    """A job that could not be started; nothing of it has run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How a job is to be started.

    `argv[0]` is the program's path; without a slash it is looked up in PATH of `environment`.
    `called` is its name in messages. `limits` is the submitter's /proc/self/limits, raw (''
    changes none). `keep` names descriptors the job inherits beyond its three streams.
    `pid_variable` names the variable that tells the job its own pid ('': none does).
    `announce` is called in the launcher with that pid before the child becomes the job; what it
    raises stops the start. `record` is a file that is there from then on: should the launcher be
    killed in between, it tells the child whether to go on ('': never).
    A `foreground` job gets a process group that owns the terminal, any other a session. `mark`: see
    host/marks.py. `voice`: how the lines in its stderr begin that tell of a missing directory (it
    starts in /tmp then), of a TMPDIR that cannot be had (it is made, if missing), or of a program
    that cannot be run (it ends with the errno); '': neither is started,
    and TMPDIR is not looked at.
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
    pid_variable: bytes = b""
    announce: Callable[[int], None] = lambda _pid: None
    record: str = ""
    foreground: bool = False
    called: str = ""
    mark: int = 0
    voice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A job that lacks nothing but a process; the calling process is in the job's directory.

    `environment` is all but `pid_variable`. `streams`: the descriptors to become 0, 1 and 2.
    """

    job: Launch
    environment: Mapping[bytes, bytes]
    streams: Sequence[int]


@contextlib.contextmanager
def made_ready(job: Launch) -> Iterator[Ready]:
    """Make a job ready, in an order that lets each step fail with its own words.

    The calling process is in the job's directory until this is left. Raises: TinyschedError,
    and whatever a strange path leads to.
    """
    streams.shut_all()
    before = _here()
    opened: Sequence[int] = ()
    try:
        astray = _change_directory(job)
        opened = streams.opened((job.stdin, job.stdout, job.stderr), job.umask, append=job.append)
        environment = dict(job.environment)
        if job.voice:
            # Where it is astray is told twice, as Slurm does.
            for words in (*astray, *astray, *scratch.settle(environment)):
                tell(job, opened[2], words)
        yield Ready(job=job, environment=environment, streams=opened)
    finally:
        for descriptor in set(opened):
            with contextlib.suppress(OSError):  # so a server says that it lost something
                os.close(descriptor)
        _return_to(before)


def tell(job: Launch, descriptor: int, words: str) -> None:
    """A line in the job's stderr; who cannot be told is not."""
    with contextlib.suppress(OSError):
        os.write(descriptor, os.fsencode(f"{job.voice}{words}\n"))


def _here() -> int:
    try:
        return os.open(".", _HERE)
    except OSError:  # it was closed to us since we came here
        return os.open("/", _HERE)


def _return_to(directory: int) -> None:
    try:
        os.fchdir(directory)
    except OSError:
        os.chdir("/")
    finally:
        os.close(directory)


def _change_directory(job: Launch) -> Sequence[str]:
    """Go to the job's directory; words if it is another's."""
    try:
        os.chdir(job.work_dir)
    except OSError as error:
        named = os.fsdecode(job.work_dir)
        if not job.voice:
            raise LaunchError(f"cannot change to {named}: {error.strerror}") from error
        os.chdir(_ELSEWHERE)
        return (f"couldn't chdir to `{named}': {error.strerror}: going to {_ELSEWHERE} instead",)
    return ()
