"""What `tspurge` prints: a line for each ended job that was, or would be, forgotten."""

from __future__ import annotations

from collections.abc import Sequence


def render(numbers: Sequence[int], *, dry_run: bool) -> str:
    """The jobs taken out of the queue's memory, then how many they are."""
    did = "would remove" if dry_run else "removed"
    count = f"{len(numbers)} job" + ("" if len(numbers) == 1 else "s")
    return "".join(f"{did} job {number}\n" for number in numbers) + f"{did} {count}\n"
