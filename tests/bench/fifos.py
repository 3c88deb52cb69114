"""A fifo by which jobs tell the benchmark something, so that nothing has to be looked at again."""

from __future__ import annotations

import contextlib
import os
import select
import time
from pathlib import Path
from types import TracebackType


class Fifo:
    """One fifo. `stays_open`: its writers never see an end; else the last writer's end is seen."""

    def __init__(self, path: Path, *, stays_open: bool = True) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        path.chmod(0o666)
        self._fd = os.open(path, (os.O_RDWR if stays_open else os.O_RDONLY) | os.O_NONBLOCK)
        self._rest = b""

    def __enter__(self) -> Fifo:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)
        self.path.unlink(missing_ok=True)

    def line(self, patience_s: float) -> str | None:
        """The next line; None if none comes in time."""
        until = time.monotonic() + patience_s
        while b"\n" not in self._rest:
            if not self._is_ready(until):
                return None
            with contextlib.suppress(BlockingIOError):
                content = os.read(self._fd, 1 << 16)
                if not content:
                    return None
                self._rest += content
        first, self._rest = self._rest.split(b"\n", 1)
        return first.decode()

    def end_ns(self, patience_s: float) -> int | None:
        """When the last process that holds it open was gone (perf_counter); None if not in time."""
        until = time.monotonic() + patience_s
        while self._is_ready(until):
            with contextlib.suppress(BlockingIOError):
                if not os.read(self._fd, 1 << 16):
                    return time.perf_counter_ns()
        return None

    def _is_ready(self, until: float) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))

    def drain(self) -> None:
        """Forget what was written so far."""
        self._rest = b""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._fd, 1 << 16):
                pass

    def put(self, text: str) -> None:
        """Write something for whoever reads it."""
        os.write(self._fd, text.encode())
