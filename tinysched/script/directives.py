"""The `#SBATCH` lines of a script, as words; and whether the text is a script at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tinysched.errors import ScriptError
from tinysched.script.grammar import shown

_MARK = b"#SBATCH"
_FOREIGN_MARK = b"#PBS"
_BLANKS = " \t\r\f\v"
_LONGEST_LINE = 65536
_MOST_LINES = 1000
_MOST_LINES_NAMED = 5

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
    lines = script.split(b"\n")
    command_at = _first_command(lines)
    header = lines[: command_at - 1]
    marked = [number for number, line in enumerate(header, 1) if line.startswith(_MARK)]
    if len(marked) > _MOST_LINES:
        raise ScriptError(f"cannot submit {shown(name)}: more than {_MOST_LINES} #SBATCH lines")
    foreign = [n for n, line in enumerate(header, 1) if _is_directive(line, _FOREIGN_MARK)]
    late = [n for n, line in enumerate(lines, 1) if n > command_at and _is_directive(line, _MARK)]
    warnings: list[str] = []
    if foreign:
        warnings.append(f"{_named(name, foreign)}: ignored, since only #SBATCH lines are read")
    if late:
        why = f"since #SBATCH counts only above the first command (line {command_at})"
        warnings.append(f"{_named(name, late)}: ignored, {why}")
    found = (_directive(header[number - 1], number, name) for number in marked)
    return Directives(lines=tuple(found), warnings=tuple(warnings))


def _first_command(lines: Sequence[bytes]) -> int:
    """The number of the first line that is neither blank nor a comment, or one past the last."""
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith(b"#"):
            return number
    return len(lines) + 1


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


def _is_directive(line: bytes, mark: bytes) -> bool:
    return line.startswith(mark) and not line[len(mark) : len(mark) + 1].strip()


def _directive(line: bytes, number: int, name: str) -> Directive:
    what = f"{shown(name)} line {number}: cannot read"
    text = line.decode("utf-8", "surrogateescape")
    if not _is_directive(line, _MARK):
        word = text.split(maxsplit=1)[0]
        raise ScriptError(f"{what} {shown(word)}: expected #SBATCH and then a blank")
    if len(text) > _LONGEST_LINE:
        raise ScriptError(f"{what} #SBATCH: longer than {_LONGEST_LINE} characters")
    try:
        words = split_words(text[len(_MARK) :])
    except ValueError as why:
        raise ScriptError(f"{what} #SBATCH: {why}") from None
    return Directive(line=number, words=tuple(words))


def _named(name: str, numbers: Sequence[int]) -> str:
    named = ", ".join(str(number) for number in numbers[:_MOST_LINES_NAMED])
    more = f" and {len(numbers) - _MOST_LINES_NAMED} more" if numbers[_MOST_LINES_NAMED:] else ""
    return f"{shown(name)} line{'s' if len(numbers) > 1 else ''} {named}{more}"


def _line_of(script: bytes, at: int) -> int:
    return script.count(b"\n", 0, at) + 1
