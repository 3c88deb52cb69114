"""Names of a step's files: from patterns such as `%j_%t.out` to paths. Source: srun(1) --output."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tinysched.commands.steps.place import Place

_NO_TASK = 4294967294
_WIDEST = 10


class Names:
    """What the letters stand for in one step. `job_name`, `user` are asked for only if needed."""

    def __init__(
        self, place: Place, number: int, host: str, job_name: str, user: Callable[[], str]
    ) -> None:
        self._place = place
        self._number = number
        self._host = host
        self._job_name = job_name
        self._user = user

    def path(self, pattern: str, rank: int) -> str:
        r"""The file of one task. A backslash switches all letters off, and goes."""
        if "\\" in pattern:
            return pattern.replace("\\", "")
        parts = pattern.split("%")
        found = [parts[0]]
        coming = iter(parts[1:])
        for part in coming:
            if part == "":  # %% is one
                found.append("%" + next(coming, ""))
                continue
            width = len(part) - len(part.lstrip("0123456789"))
            letter, rest = part[width : width + 1], part[width + 1 :]
            value = self._value(letter, rank)
            if value is None:
                found.append(f"%{part}")
            else:
                digits = min(int(part[:width] or 0), _WIDEST)
                found.append((value.zfill(digits) if value.isdigit() else value) + rest)
        return "".join(found)

    def _value(self, letter: str, rank: int) -> str | None:
        place = self._place
        numbers = {
            "A": place.id if place.task is not None else place.raw_id,
            "a": _NO_TASK if place.task is None else place.task,
            "j": place.raw_id,
            "n": 0,
            "s": self._number,
            "t": rank,
        }
        if letter in numbers:
            return str(numbers[letter])
        if letter == "u":
            return self._user()
        words = {
            "J": f"{place.raw_id}.{self._number}",
            "N": self._host,
            "x": self._job_name,
        }
        return words.get(letter)
