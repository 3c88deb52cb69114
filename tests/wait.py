"""Waiting in tests: by looking, never by sleeping for a guess."""

from __future__ import annotations

import time
from collections.abc import Callable

_EVERY_S = 0.02


def until(
    condition: Callable[[], object],
    says: str,
    timeout_s: float = 10,
    fails: Callable[[], str | None] | None = None,
) -> None:
    """Return as soon as `condition` holds; `says` names what was waited for in words.

    `fails` may end the wait early with a sentence: what was waited for cannot come any more.
    """
    end = time.monotonic() + timeout_s
    while not condition():
        hopeless = fails() if fails else None
        if hopeless and not condition():
            raise AssertionError(f"{says}: {hopeless}")
        if time.monotonic() > end:
            raise AssertionError(f"{says}: not within {timeout_s} s")
        time.sleep(_EVERY_S)
