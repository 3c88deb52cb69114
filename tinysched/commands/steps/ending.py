"""How an srun ends that is all there is of its job: as its tasks did, and so the job."""

from __future__ import annotations

import posix
import signal

_BY_SIGNAL = 128


def like(signum: int) -> int:
    """Dies of a signal, without a trace of its own; else, the exit code that stands for it."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if signum not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(signum, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signum})
    posix.kill(posix.getpid(), signum)
    return _BY_SIGNAL + signum
