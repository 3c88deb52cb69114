"""Putting a program into the background for good."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Mapping, Sequence

from daemon import DaemonContext

from tinysched.errors import TinyschedError


def detach_and_exec(argv: Sequence[str], environment: Mapping[str, str], log_path: str) -> None:
    """Start a program as a daemon: own session, no terminal, output appended to a log.

    Returns when it is on its way, not when it is ready: only the program itself can say that.

    Raises: TinyschedError if the log or the program cannot be opened.
    """
    if not os.access(argv[0], os.X_OK):
        raise TinyschedError(f"cannot start {argv[0]}: it cannot be executed")
    try:
        log = open(log_path, "ab", opener=_open_log)  # noqa: SIM115 - the daemon keeps it
    except OSError as error:
        raise TinyschedError(f"cannot open {log_path}: {error.strerror}") from error
    with log:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            return
        try:
            _speak_to(log.fileno())
            # umask: python-daemon would set 0; whoever creates files here gives modes anyway.
            # signal_map: it would ignore signals, and what is ignored stays so through exec.
            with DaemonContext(
                stdout=log, stderr=log, umask=0o077, detach_process=True, signal_map={}
            ):
                os.execve(argv[0], list(argv), dict(environment))
        except BaseException:
            traceback.print_exc()  # to the log
        finally:
            os._exit(1)


def _speak_to(log: int) -> None:
    """Replace the three streams, which the caller may have closed or put something else for.

    python-daemon trusts that sys.stdin and its like are there and are descriptors 0, 1 and 2.
    """
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for number, target in enumerate((nowhere, log, log)):
        os.dup2(target, number)
    sys.stdin = os.fdopen(0, "r", closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False, buffering=1)


def _open_log(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o640)
