"""Slurm's command-line grammar over a table of options.

Imported on the start-up path of tsbatch, tsqueue and tscancel: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HONOURED = "honoured"
STORED = "stored"
REFUSED = "refused"

_LONGEST_SHOWN = 80
# Nobody writes so many; a sender who does would keep the reader busy for seconds.
_MOST_OPTIONS = 1000


class Option:
    """One option: how it is written, and what we do about it.

    `placeholder` names the value in help (none: the option takes no value; in brackets: the value
    may be left out). `disposition`: honoured, stored and shown but without effect, or refused by
    name. `variable`: the SBATCH_* variable that stands for it.
    """

    __slots__ = ("disposition", "help", "name", "placeholder", "short", "variable")

    def __init__(
        self,
        name: str,
        short: str = "",
        placeholder: str = "",
        help: str = "",
        *,
        disposition: str = HONOURED,
        variable: str = "",
    ) -> None:
        self.name = name
        self.short = short
        self.placeholder = placeholder
        self.help = help
        self.disposition = disposition
        self.variable = variable

    @property
    def takes(self) -> str:
        """How much may follow: "nothing", a "value", or an "optional" one."""
        if not self.placeholder:
            return "nothing"
        return "optional" if self.placeholder.startswith("[") else "value"

    def __repr__(self) -> str:
        return f"<Option --{self.name}>"


class MisreadError(Exception):
    """Words that do not follow the grammar; its text says why, without saying where they stood."""


def split(
    table: Sequence[Option], argv: Sequence[str], command: str, *, stop_at_word: bool = False
) -> tuple[list[tuple[Option, str | None]], list[str]]:
    """A command line as options, in the order given, and the words that are no options.

    `stop_at_word`: from the first word on, everything belongs to what that word names.
    Raises: UsageError.
    """
    try:
        return parse(table, argv, stop_at_word=stop_at_word)
    except MisreadError as why:
        raise UsageError(f"cannot read the command line: {why}", cure(command)) from None


def cure(command: str) -> str:
    """What to do after a wrong command line."""
    return f"try '{command} --help'"


def parse(
    table: Sequence[Option], words: Sequence[str], *, stop_at_word: bool = False
) -> tuple[list[tuple[Option, str | None]], list[str]]:
    """The same as `split` for words that stood anywhere. Raises: MisreadError."""
    found: list[tuple[Option, str | None]] = []
    rest: list[str] = []
    coming = iter(words)
    for word in coming:
        if word == "--":
            rest.extend(coming)
        elif word.startswith("--"):
            found.append(_long(table, word[2:], coming))
        elif word.startswith("-") and word != "-":
            found.extend(_shorts(table, word[1:], coming))
        else:
            rest.append(word)
            if stop_at_word:
                rest.extend(coming)
        if len(found) > _MOST_OPTIONS:
            raise MisreadError(f"more than {_MOST_OPTIONS} options")
    return found, rest


def has(found: Iterable[tuple[Option, str | None]], name: str) -> bool:
    """Whether an option was given."""
    return any(option.name == name for option, _ in found)


def values(found: Iterable[tuple[Option, str | None]], name: str) -> list[str]:
    """The values given to an option, in order; one that was given without a value has ''."""
    return [value or "" for option, value in found if option.name == name]


def shown(text: str) -> str:
    r"""A user's words as a message may repeat them: one line, no controls, not too long."""
    if len(text) > _LONGEST_SHOWN:
        text = text[:_LONGEST_SHOWN] + "..."
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() else ascii(letter)[1:-1].replace("\\udc", "\\x")
        for letter in text
    )


def _long(table: Sequence[Option], word: str, coming: Iterable[str]) -> tuple[Option, str | None]:
    name, equals, value = word.partition("=")
    option = _named(table, name)
    if not equals:
        return option, _next(coming, f"--{option.name}") if option.takes == "value" else None
    if option.takes == "nothing":
        raise MisreadError(f"option '--{option.name}' takes no value")
    return option, value


def _shorts(
    table: Sequence[Option], letters: str, coming: Iterable[str]
) -> list[tuple[Option, str | None]]:
    found: list[tuple[Option, str | None]] = []
    for at, letter in enumerate(letters, 1):
        if len(found) > _MOST_OPTIONS:
            break  # refused by whoever counts them all
        option = next((option for option in table if option.short == letter), None)
        if option is None:
            raise MisreadError(f"unknown option '-{shown(letter)}'")
        if option.takes == "nothing":
            found.append((option, None))
        elif letters[at:] or option.takes == "optional":
            found.append((option, letters[at:] or None))
            return found
        else:
            found.append((option, _next(coming, f"-{letter}")))
    return found


def _named(table: Sequence[Option], name: str) -> Option:
    """The option of this name, or the only one whose name begins so."""
    alike = [option for option in table if name and option.name.startswith(name)]
    exact = [option for option in alike if option.name == name]
    if exact or len(alike) == 1:
        return (exact or alike)[0]
    if not alike:
        raise MisreadError(f"unknown option '--{shown(name)}'")
    which = ", ".join(f"--{option.name}" for option in alike)
    raise MisreadError(f"option '--{shown(name)}' may be any of {which}")


def _next(coming: Iterable[str], option: str) -> str:
    for word in coming:
        return word
    raise MisreadError(f"option '{option}' needs a value")
