"""The terminal of a foreground job: who reads from it and gets its Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def _own_terminal() -> Iterator[int | None]:
    """Open the controlling terminal; None if there is none."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield terminal
    finally:
        os.close(terminal)


def give_to(group: int, was: int) -> bool:
    """Make `group` the terminal's foreground group, if `was` is that at present.

    False without a terminal, or when the caller runs in the background (`run_job.sh … &`).
    """
    with _own_terminal() as terminal:
        if terminal is None:
            return False
        # Who is not in the foreground is stopped by SIGTTOU for asking, unless that is held back.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        try:
            if os.tcgetpgrp(terminal) != was:
                return False
            os.tcsetpgrp(terminal, group)
            return True
        except OSError:
            return False
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def take_back(group: int) -> bool:
    """Make the caller's group the foreground group again after the job's `group` has ended."""
    return give_to(os.getpgrp(), group)


def suspend(group: int) -> None:
    """Be stopped like the job's `group`, as one command to the shell; go on with it after `fg`.

    The shell knows the caller's group only: without this, Ctrl-Z would stop the job and leave the
    shell waiting for a command that holds its terminal for ever. Only the caller stops: others in
    its group (the worker) go on. Returns when continued.
    """
    take_back(group)
    os.kill(os.getpid(), signal.SIGSTOP)
    give_to(group, os.getpgrp())
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGCONT)
