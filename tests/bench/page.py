"""Puts the figures of a run into docs/performance.md.

tests/run --bench --json FILE
python -m tests.bench.page FILE
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench import machine, table
from tests.bench.catalogue import judged_rows
from tests.bench.judging import Judged
from tests.bench.results import Results

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN = "<!-- figures of a run: python -m tests.bench.page writes them anew -->"
END = "<!-- end of the figures -->"
# Under which heading of the page stands what bounds the rows of a measure.
REASONS = {
    "submit": "Starting a command",
    "few": "Starting a command",
    "loop": "Starting a command",
    "full-submit": "Starting a command",
    "dispatch": "Waking up",
    "chain": "Waking up",
    "throughput": "Launching a job",
    "tree": "Ending a job",
    "left": "Ending a job",
    "arrays": "Keeping the queue",
    "full-list": "Large queues",
    "full-cancel": "Large queues",
    "ended": "Large queues",
    "events": "Large queues",
    "idle": "Idling",
    "recovery": "Coming back",
}


def main(arguments: Sequence[str]) -> int:
    """Rewrites the page; 0, or 2 if it was called in another way."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m tests.bench.page FILE\n")
        return 2
    results = Results.parse(Path(arguments[0]).read_text(encoding="utf-8"))
    text = put(PAGE.read_text(encoding="utf-8"), figures(results))
    PAGE.write_text(text, encoding="utf-8")
    return 0


def put(page: str, written: str) -> str:
    """The page with other figures between its two marks.

    Raises: ValueError if it has not got them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for figures")
    return f"{before}{begin}\n\n{written}\n\n{end}{after}"


def figures(results: Results) -> str:
    """Machine, systems, both tables and what is missed, in Markdown."""
    rows = judged_rows(results)
    lines, notes = table.everybody(rows, results)
    parts = [
        f"{machine.sentence(results.facts)}.",
        "\n".join(_systems(results)),
        table.as_markdown(table.goals(rows)),
        "\n".join(_missed(rows)),
        "All systems:",
        table.as_markdown(lines),
        "  \n".join(notes),
        "\n".join(f"- could not be measured: {error}" for error in results.errors),
    ]
    return "\n\n".join(part for part in parts if part)


def _systems(results: Results) -> list[str]:
    measured = [f"- **{name}**: {about}" for name, about in results.systems.items()]
    return measured + [f"- {name}: not measured, {why}" for name, why in results.skipped.items()]


def _missed(rows: Sequence[Judged]) -> list[str]:
    """A line for each goal that is missed; where the page tells why."""
    lines = list[str]()
    for row in rows:
        for verdict in row.verdicts:
            if verdict.missed_by is not None:
                heading = REASONS[row.row.group]
                lines.append(
                    f"- {row.row.what}: {verdict.asks}; {verdict}. "
                    f"[{heading}](#{heading.lower().replace(' ', '-')})"
                )
    return ["Goals that are missed, and where it stands why:", "", *lines] if lines else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
