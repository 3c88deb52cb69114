"""`srun --multi-prog`: a file that says which program each task runs. Source: srun(1)."""

from __future__ import annotations

import posix

from tinysched.script.slurm.retelling import complaint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST = 1 << 20
_REST = "*"


def read(path: str, ranks: int) -> list[list[str]]:
    """The words of each task's program. Raises: VerbatimError."""
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        raise complaint("srun", f"Could not open multi_prog config file {path}") from None
    try:
        content = posix.read(fd, _MOST)
    except OSError:
        content = b""
    finally:
        posix.close(fd)
    return assigned(content.decode("utf-8", "surrogateescape"), path, ranks)


def assigned(content: str, path: str, ranks: int) -> list[list[str]]:
    """What a file says of each task. Raises: VerbatimError."""
    found: dict[int, list[str]] = {}
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        wrong = f"Line {number} of configuration file {path} invalid"
        span, *words = line.split()
        chosen = _ranks(span, ranks, found)
        if chosen is None:
            raise complaint("srun", f"Invalid task range specification ({span})\n{wrong}")
        if not words:
            raise complaint("srun", wrong)
        for offset, rank in enumerate(chosen):
            found[rank] = [_filled(word, rank, offset) for word in words]
    for rank in range(ranks):
        if rank not in found:
            words_of = f"Configuration file {path} invalid, no record for task id {rank}"
            raise complaint("srun", words_of)
    return [found[rank] for rank in range(ranks)]


def _ranks(text: str, ranks: int, taken: dict[int, list[str]]) -> Sequence[int] | None:
    """The tasks of `0-2,5`, or of `*`: all that are left. None: makes no sense."""
    if text == _REST:
        return [rank for rank in range(ranks) if rank not in taken]
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not _is_number(first) or (dash and not _is_number(last)):
            return None
        found += range(int(first), min(int(last or first), ranks - 1) + 1)
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _filled(word: str, rank: int, offset: int) -> str:
    return word.replace("%t", str(rank)).replace("%o", str(offset))
