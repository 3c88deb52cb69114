"""`--help`, `--usage` and `--version` of Slurm's commands, from their tables of options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

from tinysched.script.grammar import Option
from tinysched.script.slurm.getopt import split
from tinysched.script.slurm.version import TEXT

_COLUMNS = 80
_INDENT = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual:
    """One command. `usage` is its lines for --usage; '' if it has none.

    `tail`: what follows the options.
    """

    name: str
    usage_line: str
    options: Sequence[Option]
    usage: str = ""
    exit_code: int = 1
    tail: str = ""


def asked(manual: Manual, argv: Sequence[str]) -> str | None:
    """The text that a command line asks for first; None if it asks for none.

    Raises: VerbatimError.
    """
    texts: Mapping[str, Callable[[], str]] = {
        "help": lambda: help_text(manual),
        "usage": lambda: manual.usage,
        "version": lambda: TEXT,
    }
    found, _ = split(manual.options, argv, manual.name, exit_code=manual.exit_code)
    for option, _value in found:
        if option.name in texts:
            return texts[option.name]()
    return None


def help_text(manual: Manual) -> str:
    """Every option in a line or two."""
    options = listed((_written(option), option.help) for option in manual.options)
    return f"Usage: {manual.name} {manual.usage_line}\n{options}{manual.tail}"


def listed(pairs: Iterable[tuple[str, str]]) -> str:
    """Words, and beside each what it means."""
    lines = list[str]()
    for written, text in pairs:
        words = wrap(text, _COLUMNS - _INDENT)
        if len(written) > _INDENT - 2:
            lines.append(f"{written}\n")
            written = ""
        for word in words:
            lines.append(f"{written:<{_INDENT}}{word}\n")
            written = ""
    return "".join(lines)


def _written(option: Option) -> str:
    short = f"  -{option.short}, " if option.short else "      "
    value = option.placeholder
    if value.startswith("["):
        return f"{short}--{option.name}[={value[1:]}"
    return f"{short}--{option.name}" + (f"={value}" if value else "")
