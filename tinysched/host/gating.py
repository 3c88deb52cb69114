"""The cheap way to start a job: a small shell waits at the gate, and becomes the job.

No page of this process is copied for it, so it takes a third of what a fork of Python does. The
shell must leave no trace in the job: this is for what is known to pass through it unharmed, and for
what is known to run. All else starts by way of host/forking.py. A program that cannot be run after
all is told by the shell, in the job's stderr, and ends with 126 or 127.
"""

from __future__ import annotations

import contextlib
import os
import re
import resource
import select
from collections.abc import Iterator, Mapping, Sequence

from tinysched.host import gate, limits, marks, runnable, spawning
from tinysched.host.ready import Launch, Ready

# Of all that may be /bin/sh on a host, this one is known to change PWD, and nothing else.
_SHELL = b"/bin/dash"
_ENV = b"/usr/bin/env"
# Reads what the gate says into what is put right after that. At the end of the pipe, the record
# tells: $1.
_WAIT = b'read -r PWD <&%d || [ -e "$1" ] || exit 127\n'
_SET_PWD = b"PWD=$TJS_PWD\nunset TJS_PWD\n"
_NO_PWD = b"unset PWD\n"
_SET_PID = b"%s=$$\n"
_BECOME = b'shift\nexec "$@" %d<&-\n'
# All can read the words of a process, but none its variables: so this is no word of the shell's.
_PWD, _OUR_PWD = b"PWD", b"TJS_PWD"
_GATES = range(3, 10)  # no shell needs to know larger numbers

# What the shell takes from its environment as its own, or its loader does. It hands on all others
# that a shell can name.
_CARRIED = re.compile(
    rb"(?!(ATTY|IFS|LINENO|OPTIND|PPID|GLIBC_TUNABLES|TJS_PWD)\Z|LD_)[A-Za-z_][A-Za-z0-9_]*"
)
# What env(1) may set, for all to read: where libraries are, and what systems of modules export from
# bash under such names. Others may be secrets.
_SHOWN = re.compile(rb"LD_[A-Z_]+|BASH_FUNC_(_?module(_raw)?|ml|scl|switchml|which)%%")
# Bytes of arguments and variables, all together, that the kernel takes under any limit of the
# stack; and what each of them takes besides.
_TAKEN_ALWAYS = 96 * 1024
_EACH = 16
# What the shell itself may need of what is limited; it opens few files, and writes none.
_ROOM = {
    resource.RLIMIT_AS: 64 * 2**20,
    resource.RLIMIT_DATA: 64 * 2**20,
    resource.RLIMIT_NOFILE: 64,
    resource.RLIMIT_STACK: 2**20,
}
Limits = Mapping[int, tuple[int, int]]


def start(ready: Ready) -> gate.Waiting | None:
    """Have a shell wait at its gate; None: this job, or this host, is not for it."""
    with contextlib.suppress(OSError, ValueError):  # whoever has words for it is the fork
        bounds = limits.lowered(limits.parse(ready.job.limits))
        if _is_usual(ready) and _has_room(bounds):
            return _start(ready, {**bounds, **marks.as_limit(ready.job.mark)})
    return None


def _start(ready: Ready, bounds: Limits) -> gate.Waiting | None:
    given = ready.environment
    carried = {name: value for name, value in given.items() if _CARRIED.fullmatch(name)}
    others = given.keys() - carried
    command = [os.fsencode(word) for word in ready.job.argv]
    programs = [_SHELL, command[0]]
    if others:
        command = [_ENV, b"--", *(b"%s=%s" % (name, given[name]) for name in others), *command]
        programs.append(_ENV)
    are_shown = all(map(_SHOWN.fullmatch, others))
    if not (are_shown and _fits(command, carried) and all(map(runnable.is_sure, programs))):
        return None
    if _PWD in carried:
        carried[_OUR_PWD] = carried[_PWD]
    if ready.job.pid_variable:
        carried[ready.job.pid_variable] = b""  # so it is one that the shell hands on
    child = _spawn(ready, command, carried)
    try:
        for number, pair in bounds.items():
            resource.prlimit(child.pid, number, pair)
    except (OSError, ValueError):  # not every kernel lets us
        child.turn_away()
        return None
    return child


def _is_usual(ready: Ready) -> bool:
    """Shell and env(1) take nothing in it for what it is not."""
    job, program = ready.job, os.fsencode(ready.job.argv[0])
    is_path = program.startswith(b"/") and b"=" not in program
    is_pid_told = not job.pid_variable or _CARRIED.fullmatch(job.pid_variable) is not None
    is_room = len(job.keep) < len(_GATES) - 1
    return is_path and is_pid_told and is_room and not job.foreground


def _has_room(bounds: Limits) -> bool:
    """Its own limits hold for the shell as well."""
    softs = ((bounds[number][0], room) for number, room in _ROOM.items() if number in bounds)
    return all(soft == resource.RLIM_INFINITY or soft >= room for soft, room in softs)


def _fits(command: Sequence[bytes], environment: Mapping[bytes, bytes]) -> bool:
    words = (*command, *environment, *environment.values())
    return sum(map(len, words)) + _EACH * len(words) < _TAKEN_ALWAYS


def _spawn(
    ready: Ready, command: Sequence[bytes], environment: Mapping[bytes, bytes]
) -> gate.Waiting:
    """Raises: OSError, ValueError."""
    waiting, opener = gate.pipe()
    number = min(set(_GATES) - {waiting, *ready.job.keep})
    ends = (*zip(ready.streams, range(3), strict=True), (waiting, number))
    words = [_SHELL, b"-c", _script(ready, number), _SHELL, os.fsencode(ready.job.record)]
    try:
        with _inheriting(ready.job):
            pid = spawning.spawn(_SHELL, [*words, *command], environment, ends)
    except BaseException:
        os.close(opener)
        raise
    finally:
        os.close(waiting)
    return gate.Waiting(pid=pid, opener=opener, hear=lambda: _see_through(opener))


def _see_through(opener: int) -> str:
    """Wait until nobody is at the gate: exec, or death, closes its other end."""
    poll = select.poll()
    poll.register(opener, 0)
    poll.poll()
    return ""


def _script(ready: Ready, number: int) -> bytes:
    """What the shell is to do; its gate has this number."""
    script = _WAIT % number + (_SET_PWD if _PWD in ready.environment else _NO_PWD)
    if ready.job.pid_variable:
        script += _SET_PID % ready.job.pid_variable
    return script + _BECOME % number


@contextlib.contextmanager
def _inheriting(job: Launch) -> Iterator[None]:
    """What is started now has the job's umask, and the descriptors that the job keeps."""
    before = os.umask(job.umask)
    for descriptor in job.keep:
        os.set_inheritable(descriptor, True)
    try:
        yield
    finally:
        for descriptor in job.keep:
            os.set_inheritable(descriptor, False)
        os.umask(before)
