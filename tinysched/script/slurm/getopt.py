"""Slurm's command lines over a table of options, with the words of getopt_long for mistakes.

Imported on the start-up path of sbatch: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.errors import VerbatimError
from tinysched.script.grammar import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Heed = Callable[[Option, str | None], None]

_MOST_OPTIONS = 10_000

_Found = "list[tuple[Option, str | None]]"


def split(
    table: Sequence[Option],
    argv: Sequence[str],
    command: str,
    *,
    exit_code: int,
    stop_at_word: bool = False,
    heed: Heed | None = None,
) -> tuple[list[tuple[Option, str | None]], list[str]]:
    """A command line as options, in the order given, and the words that are no options.

    `stop_at_word`: from the first word on, everything belongs to what that word names.
    `exit_code`: what a mistake costs (sbatch 255, squeue and scancel 1). `heed` is shown each
    option as it comes, and may raise, before what comes later is read.
    Raises: VerbatimError.
    """
    reader = _Reader(table, command, exit_code, heed)
    return reader.read(list(argv), stop_at_word=stop_at_word)


class _Reader:
    def __init__(
        self, table: Sequence[Option], command: str, exit_code: int, heed: Heed | None
    ) -> None:
        self._table = table
        self._command = command
        self._exit_code = exit_code
        self._heed = heed

    def read(
        self, words: list[str], *, stop_at_word: bool
    ) -> tuple[list[tuple[Option, str | None]], list[str]]:
        found: list[tuple[Option, str | None]] = []
        rest: list[str] = []
        words = words[::-1]
        while words:
            word = words.pop()
            if word == "--":
                return found, rest + words[::-1]
            if word.startswith("--"):
                self._take([self._long(word[2:], words)], found)
            elif word.startswith("-") and word != "-":
                self._take(self._shorts(word[1:], words), found)
            elif stop_at_word:
                return found, [word, *words[::-1]]
            else:
                rest.append(word)
            if len(found) > _MOST_OPTIONS:
                raise self._mistake(f"more than {_MOST_OPTIONS} options")
        return found, rest

    def _take(
        self, new: list[tuple[Option, str | None]], found: list[tuple[Option, str | None]]
    ) -> None:
        found += new
        if self._heed is not None:
            for option, value in new:
                self._heed(option, value)

    def _long(self, word: str, coming: list[str]) -> tuple[Option, str | None]:
        name, equals, value = word.partition("=")
        option = self._named(name, word)
        if option.takes == "nothing":
            if equals:
                raise self._mistake(f"option '--{option.name}' doesn't allow an argument")
            return option, None
        if equals or option.takes == "optional":
            return option, value if equals else None
        if not coming:
            raise self._mistake(f"option '--{option.name}' requires an argument")
        return option, coming.pop()

    def _named(self, name: str, word: str) -> Option:
        alike = [option for option in self._table if name and option.name.startswith(name)]
        for option in alike:
            if option.name == name:
                return option
        if not alike:
            raise self._mistake(f"unrecognized option '--{word}'")
        if len(alike) > 1:
            possible = " ".join(f"'--{option.name}'" for option in alike)
            raise self._mistake(f"option '--{word}' is ambiguous; possibilities: {possible}")
        return alike[0]

    def _shorts(self, letters: str, coming: list[str]) -> list[tuple[Option, str | None]]:
        found: list[tuple[Option, str | None]] = []
        while letters:
            letter, letters = letters[0], letters[1:]
            option = next((option for option in self._table if option.short == letter), None)
            if option is None:
                raise self._mistake(f"invalid option -- '{letter}'")
            if option.takes == "nothing":
                found.append((option, None))
                continue
            if not letters and option.takes == "value":
                if not coming:
                    raise self._mistake(f"option requires an argument -- '{letter}'")
                letters = coming.pop()
                found.append((option, letters))
            else:
                found.append((option, letters or None))
            break
        return found

    def _mistake(self, words: str) -> VerbatimError:
        cure = f'Try "{self._command} --help" for more information'
        return VerbatimError(f"{self._command}: {words}\n{cure}\n", self._exit_code)
