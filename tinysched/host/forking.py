"""One way to start a job: a fork of this process makes itself the job. It can start anything.

It costs the more the larger this process is: see host/gating.py for the other way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinysched.host import execution, gate, limits, marks, processes, ready, terminal
from tinysched.host.ready import LaunchError, Ready

_NOT_STARTED = 127
_LONGEST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class _BeforeExec:
    """What the child changes of itself at last: limits, and the signals that its parent ignores.

    `teller` is where it says what is wrong; `gate` is what it waits at.
    """

    limits: Mapping[int, tuple[int, int]]
    ignored: Sequence[int]
    teller: int
    gate: int


def start(job: Ready) -> gate.Waiting:
    """Have a child wait at its gate. Raises: LaunchError."""
    told, teller = gate.pipe()
    waiting, opener = gate.pipe()
    # What can be done here is: a fresh child pays for each page that it touches.
    before_exec = _BeforeExec(
        limits=limits.lowered(limits.parse(job.job.limits)),
        ignored=processes.ignored_signals(),
        teller=teller,
        gate=waiting,
    )
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
        os.close(waiting)
    return gate.Waiting(pid=pid, opener=opener, hear=lambda: _hear(told))


def _hear(told: int) -> str:
    """What the child says, until exec, or death, closes its end."""
    said = b""
    try:
        while piece := os.read(told, _LONGEST):
            said += piece
    finally:
        os.close(told)
    return said.decode(errors="replace")


def _child(job: Ready, before_exec: _BeforeExec) -> None:
    """Become the job, or say down the pipe why not. Never returns."""
    exit_code = _NOT_STARTED
    try:
        environment = _prepare(job, before_exec)
        exit_code = _become(job.job, environment)
    except BaseException as error:  # whatever it is, the parent must hear it
        os.write(before_exec.teller, gate.sentence(error).encode(errors="replace")[:_LONGEST])
    finally:
        os._exit(exit_code)


def _prepare(ready: Ready, before_exec: _BeforeExec) -> Mapping[bytes, bytes]:
    """Do all that comes before exec; the variables of the job."""
    job = ready.job
    if job.foreground:
        was = os.getpgrp()
        os.setpgid(0, 0)
        terminal.give_to(os.getpid(), was)
    else:
        os.setsid()
    for number, descriptor in enumerate(ready.streams):
        os.dup2(descriptor, number)
    if not os.read(before_exec.gate, 1) and not os.path.exists(job.record):
        raise LaunchError("cannot record the start: nobody is there to do it")
    for descriptor in job.keep:
        os.set_inheritable(descriptor, True)
    os.umask(job.umask)
    # The limits come last: ours are needed to become what the job is.
    limits.apply(before_exec.limits)
    marks.put_on(job.mark)
    processes.reset_for_exec(before_exec.ignored)
    if job.pid_variable:
        return {**ready.environment, job.pid_variable: b"%d" % os.getpid()}
    return ready.environment


def _become(job: ready.Launch, environment: Mapping[bytes, bytes]) -> int:
    """Run the program. The exit code of one that cannot be run, and whose stderr says why."""
    try:
        execution.run(job.argv, environment, job.called)
    except execution.ExecutionError as error:
        if not job.voice:
            raise
        ready.tell(job, 2, f"execve(): {error.called}: {os.strerror(error.number)}")
        return error.number
    return _NOT_STARTED
