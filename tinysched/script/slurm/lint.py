"""What a real Slurm would refuse or ignore in a batch script, and what becomes of it here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from tinysched.errors import TinyschedError, VerbatimError
from tinysched.job.request import Request
from tinysched.script import directives, submission
from tinysched.script.grammar import REFUSED, STORED, Option, shown
from tinysched.script.slurm import batchlines, batchscript, getopt, pbs, sbatch
from tinysched.script.slurm.differences import DIFFERENT
from tinysched.script.slurm.refusals import EXIT_SYNTAX
from tinysched.script.slurm.sbatch_options import SBATCH
from tinysched.script.slurm.sbatch_values import Wish, apply
from tinysched.script.submission import Settings

_NOT_IN_SCRIPTS = ("help", "usage", "version", "wrap")
# What is meant for a directive, and is none.
_NEARLY = re.compile(r"[ \t]*#+[ \t]*sbatch\b", re.IGNORECASE)
_FOREIGN = ("PBS", "BSUB")
# These differ by seconds only.
_SMALL = ("signal", "time")
# What Slurm's controller says of those that it cannot read; they are kept for it as they are.
_MISREAD = {
    "array": "Invalid job array specification",
    "dependency": "Job dependency problem",
}
# How a complaint of a line by itself begins.
_ALONE = "the directive"
_MOST_FINDINGS = 1000


class Level(Enum):
    """How much a finding matters; the value is how it is called."""

    REFUSED = "refused"
    NEVER = "never starts"
    IGNORED = "ignored"
    KEPT = "kept"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know. `line` 0: no single line. `here`: what we do; '': the same as Slurm."""

    line: int
    level: Level
    says: str
    here: str = ""


@dataclass(slots=True, kw_only=True)
class Examined:
    """All findings, and in which line each option stood last, by its long name."""

    findings: list[Finding] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    @property
    def is_refused(self) -> bool:
        """Slurm would not take it."""
        return any(finding.level is Level.REFUSED for finding in self.findings)


def examine(script: bytes, name: str, settings: Settings) -> Examined:
    """Reads a script as sbatch does, and as tsbatch does; raises nothing."""
    found = Examined()
    try:
        batchscript.check(script)
    except VerbatimError as why:
        found.findings.append(Finding(line=1, level=Level.REFUSED, says=plain(why)))
        return found
    head = directives.head(script)
    first = head.count(b"\n") + 1 if len(head) < len(script) else 0
    for number, raw in enumerate(script.split(b"\n"), 1):
        line = raw.decode("utf-8", "surrogateescape")
        if first and number >= first:
            found.findings += _below(number, line, first)
        else:
            found.findings += _above(number, line, found.lines, settings)
        if len(found.findings) > _MOST_FINDINGS:
            break
    found.findings += _as_a_whole(script, name, settings, found)
    return found


def _below(number: int, line: str, first: int) -> Iterator[Finding]:
    """What stands below the first command."""
    if re.match(r"#SBATCH(\s|$)", line):
        yield Finding(
            line=number,
            level=Level.IGNORED,
            says=f"#SBATCH below the first command, which is in line {first}",
            here="ignored as well; tsbatch says so",
        )


def _above(number: int, line: str, lines: dict[str, int], settings: Settings) -> Iterator[Finding]:
    """What stands above it: directives, and what looks like them."""
    mark = next((mark for mark in _FOREIGN if line.startswith(f"#{mark}")), "")
    if mark:
        yield from _foreign(number, line, mark)
    elif line.startswith("#SBATCH"):
        yield from _directive(number, line, lines, settings)
    elif _NEARLY.match(line):
        yield Finding(
            line=number,
            level=Level.IGNORED,
            says=f"{shown(line.strip())} is a comment: #SBATCH begins a line, in capitals",
        )


def _foreign(number: int, line: str, mark: str) -> Iterator[Finding]:
    reader = pbs.pbs if mark == "PBS" else pbs.bsub
    try:
        options = list(reader(_words(line, mark)))
    except VerbatimError as why:
        yield Finding(line=number, level=Level.REFUSED, says=plain(why))
        return
    taken = ", ".join(
        f"--{name}={shown(value)}" if value else f"--{name}" for name, value in options
    )
    yield Finding(
        line=number,
        level=Level.DIFFERS if taken else Level.IGNORED,
        says=f"#{mark} is taken as {taken}"
        if taken
        else f"#{mark}: nothing that sbatch takes over",
        here="sbatch does the same; tsbatch does not read it" if taken else "",
    )


def _directive(
    number: int, line: str, lines: dict[str, int], settings: Settings
) -> Iterator[Finding]:
    try:
        words = _words(line, "SBATCH")
        found, rest = getopt.split(
            SBATCH, words, sbatch.COMMAND, exit_code=EXIT_SYNTAX, stop_at_word=True
        )
    except VerbatimError as why:
        yield Finding(line=number, level=Level.REFUSED, says=plain(why))
        return
    if rest:
        says = f"Invalid directive found in batch script: {shown(rest[0])}"
        yield Finding(line=number, level=Level.REFUSED, says=says)
    for option, value in found:
        if option.name in lines:
            says = f"--{option.name} of line {lines[option.name]}: outweighed by this one"
            yield Finding(line=number, level=Level.IGNORED, says=says)
        lines[option.name] = number
        yield from _option(number, option, value or "", settings)


def _option(number: int, option: Option, value: str, settings: Settings) -> Iterator[Finding]:
    """What there is to say of one option with its value."""
    what = f"--{option.name}={shown(value)}" if value else f"--{option.name}"
    if option.name in _NOT_IN_SCRIPTS:
        says = f"{what}: for the command line only"
        yield Finding(line=number, level=Level.IGNORED, says=says)
        return
    wish = Wish(request=Request(name="", submit_dir="/"), settings=settings)
    try:
        apply(wish, option.name, value)
    except VerbatimError as why:
        yield Finding(line=number, level=Level.REFUSED, says=f"{what}: {plain(why)}")
        return
    for name in wish.request.stored.keys() & _MISREAD.keys():
        yield Finding(line=number, level=Level.REFUSED, says=f"{what}: {_MISREAD[name]}")
    if option.disposition == REFUSED:
        says = f"{what}: by a Slurm as well that is not set up for it"
        yield Finding(line=number, level=Level.REFUSED, says=says, here=option.help)
    elif option.disposition == STORED:
        says = f"{what}: has no effect here"
        yield Finding(line=number, level=Level.KEPT, says=says, here=option.help)
    elif option.name not in _SMALL and (words := DIFFERENT[sbatch.COMMAND].get(option.name)):
        yield Finding(line=number, level=Level.DIFFERS, says=what, here=words)


def _as_a_whole(script: bytes, name: str, settings: Settings, found: Examined) -> Iterator[Finding]:
    """What no single line tells; and whether tsbatch takes what sbatch takes."""
    try:
        sbatch.read([name], {}, "/", script, settings)
    except VerbatimError as why:
        if not found.is_refused:
            yield Finding(line=0, level=Level.REFUSED, says=plain(why))
    try:
        submission.read([name], {}, "/", script, settings)
    except TinyschedError as error:
        if not found.is_refused:
            yield Finding(
                line=0,
                level=Level.DIFFERS,
                says="sbatch takes this script",
                here=f"tsbatch does not: {error.sentence}",
            )


def _words(line: str, mark: str) -> Sequence[str]:
    """The words of one directive. Raises: VerbatimError."""
    return batchlines.words(f"{line}\n".encode("utf-8", "surrogateescape"), mark, _ALONE)


def plain(why: VerbatimError) -> str:
    """Slurm's words without its name before each line, and without where help is."""
    lines = []
    for line in why.text.splitlines():
        for prefix in ("sbatch: error: ", "sbatch: fatal: ", "sbatch: "):
            if line.startswith(prefix):
                line = line.removeprefix(prefix)
                break
        if not line.startswith("Try "):
            lines.append(line)
    return " ".join(lines).removeprefix(f"{_ALONE}: line 1: ")
