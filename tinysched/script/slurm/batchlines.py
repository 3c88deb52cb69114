"""The words of a script's #SBATCH, #PBS and #BSUB lines, as sbatch takes them apart."""

from __future__ import annotations

from collections.abc import Iterator

from tinysched.script import directives
from tinysched.script.grammar import shown
from tinysched.script.slurm.refusals import fatal, no_parts, too_long

_MOST_BYTES = 65536
_BLANKS = " \t\r\f\v"
_SEPARATORS = ("hetjob", "packjob")


def words(script: bytes, mark: str, name: str) -> list[str]:
    """The words of all lines that begin with `mark`, above the first command.

    `name`: of the script, for messages. Raises: VerbatimError.
    """
    head = directives.head(script)
    if head.count(f"\n#{mark}".encode()) > _MOST_BYTES // 8:
        raise too_long()
    found: list[str] = []
    for number, line in enumerate(head.split(b"\n"), 1):
        if line.startswith(f"#{mark}".encode()):
            text = line[len(mark) + 1 :].decode("utf-8", "surrogateescape")
            of_line = list(_Line(text, f"{shown(name)}: line {number}").words())
            if of_line and of_line[0] in _SEPARATORS:
                raise no_parts()
            found += of_line
    return found


class _Line:
    """One line, read letter by letter: quotes keep blanks, a backslash keeps the next letter."""

    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._where = where
        self._at = 0

    def words(self) -> Iterator[str]:
        """The words; an empty one ends them, and so does a comment.

        Raises: VerbatimError.
        """
        while True:
            begin = self._at
            rest = self._text[begin:]
            if not rest.strip(_BLANKS) or rest.lstrip(_BLANKS).startswith("#"):
                return
            if rest.lstrip(_BLANKS).startswith(":"):
                shown_rest = rest if begin else rest.lstrip(_BLANKS)
                raise fatal(f"{self._where}: Unexpected `:` in [{shown_rest}]")
            self._at += len(rest) - len(rest.lstrip(_BLANKS))
            word = self._word(begin)
            if not word:
                return
            yield word

    def _word(self, begin: int) -> str:
        letters: list[str] = []
        quote = ""
        while self._at < len(self._text):
            letter = self._text[self._at]
            if not quote and (letter in _BLANKS or letter == "#"):
                break
            self._at += 1
            if letter == "\\":
                letters.append(self._escaped())
            elif letter == quote:
                quote = ""
            elif letter in "'\"" and not quote:
                quote = letter
            else:
                letters.append(letter)
        if quote:
            rest = self._text[begin:] if begin else self._text.lstrip(_BLANKS)
            raise fatal(f"{self._where}: Unmatched `{quote}` in [{rest}]")
        return "".join(letters)

    def _escaped(self) -> str:
        """What a backslash keeps as it is: the next letter, but no blank."""
        kept = self._text[self._at : self._at + 1]
        if kept in _BLANKS:
            return ""
        self._at += 1
        return kept
