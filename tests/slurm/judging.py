"""What differs between a recording and what happened here."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from tests.slurm.recorded import Case

_MOST_LINES = 40
_MISSING = "<no such file>"


class Verdict(Enum):
    """How alike they are."""

    SAME = "the same"
    SPACED = "white space differs"
    DIFFERENT = "different"


@dataclass(frozen=True, kw_only=True)
class Happened:
    """What came of a step, with tokens. `exit` None: it did not end in time."""

    exit: int | None
    out: str
    err: str


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """The verdict, and every difference in words."""

    verdict: Verdict
    differences: str


def judge(case: Case, steps: Sequence[Happened], outputs: Mapping[str, str]) -> Judgement:
    """Compares. White space within lines, and around a text, may differ."""
    pairs = list(_texts(case, steps, outputs))
    wrong = [pair for pair in pairs if pair[1] != pair[2]]
    if not wrong:
        return Judgement(verdict=Verdict.SAME, differences="")
    is_more = any(_squeezed(recorded) != _squeezed(here) for _, recorded, here in wrong)
    return Judgement(
        verdict=Verdict.DIFFERENT if is_more else Verdict.SPACED,
        differences="\n".join(_told(*pair) for pair in wrong),
    )


def _texts(
    case: Case, steps: Sequence[Happened], outputs: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """What is compared: its name, as recorded, as it is here."""
    for number, (wanted, found) in enumerate(zip(case.steps, steps, strict=True), 1):
        where = f"step {number} ({wanted.title})"
        yield f"{where}: exit code", str(wanted.exit), str(found.exit)
        yield f"{where}: stdout", wanted.out, found.out
        yield f"{where}: stderr", wanted.err, found.err
    for path in sorted({*case.outputs, *outputs}):
        yield f"file {path}", case.outputs.get(path, _MISSING), outputs.get(path, _MISSING)


def _squeezed(text: str) -> list[str]:
    return [re.sub(r"[ \t]+", " ", line).strip() for line in text.strip().split("\n")]


def _told(what: str, recorded: str, here: str) -> str:
    lines = difflib.unified_diff(
        recorded.split("\n"), here.split("\n"), "recorded", "here", lineterm="", n=1
    )
    return "\n".join([what, *(f"    {line}" for line in list(lines)[:_MOST_LINES])])
