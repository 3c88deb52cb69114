"""What a check comes to, and what all of them come to together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from tinysched.commands.console import printable
from tinysched.errors import EXIT_DONE, EXIT_REFUSED, EXIT_TRY_LATER

MOST_ALIKE = 10


class Grade(Enum):
    """How good something is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One line of the report: `what` was looked at, what was found in `words`, and the cure.

    `is_absence`: the dispatcher does not answer, which a moment later it may.
    """

    grade: Grade
    what: str
    words: str
    cure: str = ""
    is_absence: bool = False


def ok(what: str, words: str) -> Verdict:
    """All is well."""
    return Verdict(grade=Grade.OK, what=what, words=words)


def warn(what: str, words: str, cure: str) -> Verdict:
    """It works, but somebody ought to know."""
    return Verdict(grade=Grade.WARN, what=what, words=words, cure=cure)


def fail(what: str, words: str, cure: str) -> Verdict:
    """It does not work, or is not safe."""
    return Verdict(grade=Grade.FAIL, what=what, words=words, cure=cure)


def shortened(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The same, where of many bad ones of one kind only the first are told."""
    kept = list(verdicts[:MOST_ALIKE])
    rest = verdicts[MOST_ALIKE:]
    if rest:
        worst = max((verdict.grade for verdict in rest), key=list(Grade).index)
        words = f"and {len(rest)} more like these"
        cure = "cure the ones above, then ask again"
        kept.append(Verdict(grade=worst, what=rest[0].what, words=words, cure=cure))
    return kept


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """0: no FAIL; 75: the only one is that no dispatcher answers; 1: any other."""
    failed = [verdict for verdict in verdicts if verdict.grade is Grade.FAIL]
    if not failed:
        return EXIT_DONE
    return EXIT_TRY_LATER if all(verdict.is_absence for verdict in failed) else EXIT_REFUSED


def render(verdicts: Iterable[Verdict]) -> str:
    """A line for each, with the cure below it."""
    lines = []
    for verdict in verdicts:
        lines.append(f"{verdict.grade.value:<4}  {verdict.what}: {verdict.words}")
        lines += [f"      {line}" for line in verdict.cure.splitlines()]
    return "".join(f"{_line(line)}\n" for line in lines)


def render_json(verdicts: Sequence[Verdict]) -> str:
    """One object for programs."""
    checks = [
        {"grade": item.grade.value, "what": item.what, "words": item.words, "cure": item.cure}
        for item in verdicts
    ]
    return json.dumps({"exit_code": exit_code(verdicts), "checks": checks}) + "\n"


def _line(text: str) -> str:
    return printable(text.replace("\n", "\\n"))
