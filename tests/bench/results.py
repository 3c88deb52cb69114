"""Everything that a run has measured, and its form on the disk."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.bench.figures import Rounds, flat

FORMAT = 1


@dataclass(slots=True)
class Results:
    """Samples by row, system and round; what is to be known of a cell; what went wrong.

    `facts`: of the machine and the run; `systems`: title and settings of what was measured;
    `skipped`: what was not, and why.
    """

    samples: dict[str, dict[str, list[list[float]]]] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    unlike: dict[str, list[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)  # Any: numbers and words
    systems: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def record(self, row: str, system: str, number: int, value: float) -> None:
        """One sample of a round (counted from 0)."""
        rounds = self.samples.setdefault(row, {}).setdefault(system, [])
        while len(rounds) <= number:
            rounds.append([])
        rounds[number].append(value)

    def note(self, row: str, system: str, words: str, *, is_unlike: bool = False) -> None:
        """Something to know of a cell; `is_unlike`: so that it can be compared with no other."""
        self.notes.setdefault(row, {})[system] = words
        if is_unlike and system not in self.unlike.setdefault(row, []):
            self.unlike[row].append(system)

    def rounds(self, row: str, system: str) -> Rounds:
        """The samples of a cell; empty if it was not measured."""
        return self.samples.get(row, {}).get(system, [])

    def has(self, row: str, system: str) -> bool:
        """Whether there is a single sample."""
        return bool(flat(self.rounds(row, system)))

    def is_alike(self, row: str, system: str) -> bool:
        """Whether a cell says the same thing as the others of its row."""
        return system not in self.unlike.get(row, ())

    def as_json(self) -> str:
        """All of it, with each single sample."""
        names = Results.__dataclass_fields__
        content = {"format": FORMAT} | {name: getattr(self, name) for name in names}
        return json.dumps(content, indent=1) + "\n"

    @classmethod
    def parse(cls, text: str) -> Results:
        """What `as_json` wrote.

        Raises: ValueError if it is none of this form.
        """
        content = json.loads(text)
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise ValueError("no results of this form")
        return cls(**{name: content[name] for name in cls.__dataclass_fields__})
