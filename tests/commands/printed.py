"""Pages of docs/ that are printed from the code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tinysched.commands.pages import PAGES
from tinysched.job.reasons import REASONS
from tinysched.job.states import MEANINGS
from tinysched.report.json import ABOUT, FIELDS
from tinysched.script.grammar import STORED

NOTE = "<!-- Printed from the code; `pytest --bless` writes it anew. -->\n"


def options() -> str:
    """Every option of every command, and what becomes of it."""
    parts = [
        "# Options\n",
        NOTE,
        "Long names may be abbreviated as far as they stay unique. `--name=VALUE` is the same as"
        " `--name VALUE`, and `-nVALUE` the same as `-n VALUE`. `--` ends the options.\n",
        "*honoured*: it does what its text says. *stored*: it is accepted, kept and shown, and"
        " changes nothing else.\n",
    ]
    for page in PAGES.values():
        rows = [
            (
                f"`--{option.name}{'=' + option.placeholder if option.placeholder else ''}`",
                f"`-{option.short}`" if option.short else "",
                f"`{option.variable}`" if option.variable else "",
                "stored" if option.disposition == STORED else "honoured",
                option.help,
            )
            for option in page.options
        ]
        header = ("option", "short", "variable", "", "meaning")
        parts += [f"## {page.shown}\n", f"    {page.shown} {page.usage}\n", table(header, rows)]
    return "\n".join(parts)


def states() -> str:
    """Every state and reason that tsqueue shows."""
    return "\n".join(
        [
            "# States\n",
            NOTE,
            "What the column STATE of `tsqueue` and the field `state` of its JSON may say. A job"
            " that is requeued goes back to PENDING; apart from that, the states below COMPLETING"
            " are final.\n",
            table(("state", "meaning"), MEANINGS.items()),
            "# Reasons\n",
            "What the last column of `tsqueue` begins with; after a colon follow the particulars"
            " (`Resources: needs 8 cores, 3 free`).\n",
            table(("reason", "meaning"), REASONS.items()),
        ]
    )


def json() -> str:
    """The fields of --json."""
    return "\n".join(
        [
            "# JSON\n",
            NOTE,
            "What `tsqueue --json` and `tscontrol show job --json` print: one object. Fields may be"
            " added in a later release; none is renamed, and none changes its meaning.\n",
            table(("field", "meaning"), ABOUT.items()),
            "Each of `jobs`:\n",
            table(("field", "meaning"), FIELDS.items()),
            "Bytes in a name or path that are no UTF-8 appear as lone surrogates (`\\udcff` for the"
            " byte `ff`), as Python's `surrogateescape` writes and reads them.\n",
        ]
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines
    )
