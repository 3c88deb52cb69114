"""Foreign text on its way to a terminal: nothing in it may steer the terminal or fake a line."""

from __future__ import annotations

from unicodedata import category, east_asian_width


def visible(text: str) -> str:
    r"""The text with everything that is no plain sign written as an escape: `\n`, `\x1b`, `\u202e`.

    Control characters (C0, C1), bidirectional and other invisible controls, line and paragraph
    separators, odd blanks and bytes that were no valid text are escaped; letters of any script are
    left as they are.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in text)


def width(text: str) -> int:
    """Columns of a terminal that a visible text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(letter) for letter in text)


def cut(text: str, columns: int) -> str:
    """The visible text in no more than so many columns; a `+` at the end says that some is gone."""
    if len(text) * 2 <= columns or width(text) <= columns:
        return text
    taken = 0
    for at, letter in enumerate(text):
        taken += _columns(letter)
        if taken > columns - 1:
            return text[:at] + "+"
    return text


def pad(text: str, columns: int) -> str:
    """The visible text filled with blanks up to so many columns."""
    return text + " " * (columns - width(text))


def _escape(letter: str) -> str:
    number = ord(letter)
    if 0xDC80 <= number <= 0xDCFF:  # a byte that was no UTF-8, as surrogateescape keeps it
        return f"\\x{number - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")


def _columns(letter: str) -> int:
    if category(letter) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(letter) in "WF" else 1
