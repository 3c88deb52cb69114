"""What a real Slurm was recorded doing: the cases of corpus/, as values.

corpus/README.md tells how they were recorded, and what a case consists of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

CORPUS = Path(__file__).parent / "corpus"
USUAL_LIMIT_S = 90.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """Commands of one person at a shell, and what came of them. `who`: user, other or root."""

    run: str
    exit: int
    out: str
    err: str
    who: str = "user"
    limit_s: float = USUAL_LIMIT_S

    @property
    def title(self) -> str:
        """Its first line, for whoever reads a failure."""
        return self.run.strip().splitlines()[0][:70]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One recording. `norm`: own replacements, pattern first. `outputs`: files that it leaves."""

    name: str
    area: str
    steps: Sequence[Step]
    outputs: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()
    ignore: Sequence[str] = ()
    norm: Sequence[tuple[str, str]] = ()
    slow: bool = False


def cases() -> list[Case]:
    """All of them."""
    return [
        _case(entry)
        for path in sorted(CORPUS.glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def _case(entry: dict) -> Case:
    return Case(
        name=entry["name"],
        area=entry["area"],
        steps=list(_steps(entry["steps"])),
        outputs=entry["outputs"],
        files=entry.get("files") or {},
        env=entry.get("env") or {},
        needs=frozenset(entry.get("needs") or ()),
        ignore=entry.get("ignore") or (),
        norm=[(pattern, new) for pattern, new in entry.get("norm") or ()],
        slow=entry.get("slow", False),
    )


def _steps(entries: list[dict]) -> Iterator[Step]:
    for entry in entries:
        yield Step(
            run=entry["run"],
            exit=entry["exit"],
            out=entry["out"],
            err=entry["err"],
            who=entry.get("as", "user"),
            limit_s=entry.get("limit", USUAL_LIMIT_S),
        )
