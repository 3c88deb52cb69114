"""The `#SBATCH` lines of a script, as words; and whether the text is a script at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tinysched.errors import ScriptError
from tinysched.script.grammar import shown

_MARK = "#SBATCH"
_BLANKS = " \t\r\f\v"
_MOST_BYTES = 65536
_MOST_LINES_NAMED = 5

# A line that is neither blank nor a comment, up to its first letter; directives; and their like.
_COMMAND = re.compile(rb"^[ \t\r\f\v]*[^#\s]", re.MULTILINE)
_MARKED = re.compile(rb"^#SBATCH[^\n]*", re.MULTILINE)
_LATE = re.compile(rb"^#SBATCH(?=\s|\Z)", re.MULTILINE)
_FOREIGN = re.compile(rb"^#PBS(?=\s|\Z)", re.MULTILINE)

# One piece of a word: in single quotes all is literal; in double quotes, and outside of quotes, a
# backslash takes the meaning from what has one and otherwise stays (patterns of file names use it).
_PIECE = re.compile(
    r"""'(?P<single>[^']*)'"""
    r'''|"(?P<double>(?:\\["\\]|\\(?!["\\])|[^"\\])*)"'''
    r"""|\\(?P<escaped>[ \t'"\\#])"""
    r"""|(?P<plain>[^ \t\r\f\v'"\\]+|\\)"""
)
_ESCAPED_IN_DOUBLE = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """The words of one line, with quotes and comments gone. Lines count from 1."""

    line: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directives:
    """The directives that count, in order, and sentences about those that do not."""

    lines: tuple[Directive, ...] = ()
    warnings: tuple[str, ...] = ()


def check(script: bytes, name: str) -> None:
    """Refuses what no interpreter could run as meant. Raises: ScriptError."""
    what = f"cannot submit {shown(name)}"
    if not script:
        raise ScriptError(f"{what}: it is empty")
    if not script.strip():
        raise ScriptError(f"{what}: it holds nothing but blanks")
    first_line = script.partition(b"\n")[0]
    if not (first_line.startswith(b"#!") and first_line[2:].strip()):
        raise ScriptError(
            f"{what}: its first line does not name an interpreter",
            "begin the script with a line such as #!/bin/bash",
        )
    if (at := script.find(b"\r\n")) >= 0:
        raise ScriptError(
            f"{what}: line {_line_of(script, at)} ends in a DOS line break (\\r\\n)",
            "convert it with: sed -i 's/\\r$//' SCRIPT",
        )
    if (at := script.find(b"\0")) >= 0:
        raise ScriptError(f"{what}: line {_line_of(script, at)} holds a NUL byte")


def read(script: bytes, name: str) -> Directives:
    """The directives of a script: those above its first command.

    `name`: of the script, for messages. Raises: ScriptError. Source: sbatch(1), "script".
    """
    command = _COMMAND.search(script)
    end = command.start() if command else len(script)
    marked = _MARKED.finditer(script, 0, end)
    foreign = _FOREIGN.finditer(script, 0, end)
    late = _LATE.finditer(script, end)
    warnings = [
        *_ignored(script, name, foreign, "only #SBATCH lines are read"),
        *_ignored(
            script,
            name,
            late,
            f"#SBATCH counts only above the first command (line {_line_of(script, end)})",
        ),
    ]
    return Directives(lines=tuple(_directives(script, name, marked)), warnings=tuple(warnings))


def head(script: bytes) -> bytes:
    """The part of a script above its first command."""
    command = _COMMAND.search(script)
    return script[: command.start()] if command else script


def _ignored(script: bytes, name: str, found: Iterable[re.Match[bytes]], why: str) -> Iterator[str]:
    """One sentence about all the lines found, which names the first few."""
    places = [match.start() for match in found]
    if places:
        named = ", ".join(str(_line_of(script, at)) for at in places[:_MOST_LINES_NAMED])
        others = len(places) - _MOST_LINES_NAMED
        lines = f"line{'s' if len(places) > 1 else ''} {named}"
        more = f" and {others} more" if others > 0 else ""
        yield f"{shown(name)} {lines}{more}: ignored, since {why}"


def _directives(script: bytes, name: str, marked: Iterable[re.Match[bytes]]) -> Iterator[Directive]:
    at, line, length = 0, 1, 0
    for match in marked:
        line += script.count(b"\n", at, match.start())
        at = match.start()
        length += len(match[0])
        if length > _MOST_BYTES:
            raise ScriptError(
                f"cannot submit {shown(name)}: #SBATCH lines of more than {_MOST_BYTES} bytes"
            )
        yield _directive(match[0], line, name)


def split_words(text: str) -> list[str]:
    """The words of a directive: blanks part them, quotes keep them whole, `#` ends them.

    Raises: ValueError when a quote is not closed.
    """
    words: list[str] = []
    pieces: list[str] = []
    at, inside = 0, False
    while at < len(text):
        if text[at] in _BLANKS:
            if inside:
                words.append("".join(pieces))
            pieces, inside = [], False
            at += 1
            continue
        if text[at] == "#" and not inside:
            return words
        piece = _PIECE.match(text, at)
        if piece is None:
            raise ValueError(f"the quote {text[at]} is not closed")
        pieces.append(_unquoted(piece))
        at, inside = piece.end(), True
    if inside:
        words.append("".join(pieces))
    return words


def _unquoted(piece: re.Match[str]) -> str:
    if piece["double"] is not None:
        return _ESCAPED_IN_DOUBLE.sub(r"\1", piece["double"])
    return piece["single"] or piece["escaped"] or piece["plain"] or ""


def _directive(line: bytes, number: int, name: str) -> Directive:
    what = f"{shown(name)} line {number}: cannot read"
    text = line.decode("utf-8", "surrogateescape")
    rest = text[len(_MARK) :]
    if rest[:1].strip(_BLANKS):
        raise ScriptError(f"{what} {shown(text.split()[0])}: expected #SBATCH and then a blank")
    try:
        words = split_words(rest)
    except ValueError as why:
        raise ScriptError(f"{what} #SBATCH: {why}") from None
    return Directive(line=number, words=tuple(words))


def _line_of(script: bytes, at: int) -> int:
    return script.count(b"\n", 0, at) + 1
