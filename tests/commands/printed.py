"""Pages of docs/ that are printed from the code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tinysched.commands.pages import PAGES
from tinysched.job.history import MOST_LINES
from tinysched.job.reasons import REASONS
from tinysched.job.states import MEANINGS
from tinysched.programs import events
from tinysched.programs.events import Kind
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


def logs() -> str:
    """Every line of the logs."""
    return "\n".join(
        [
            "# Logs\n",
            NOTE,
            "One line an event: a moment (local time with its offset, ISO 8601), a level, a name,"
            " and facts that `grep` finds:\n",
            "    2026-02-03T09:15:03.168+01:00 INFO Granted job=42 user=alice attempt=1 cores=8"
            " agent=18675\n",
            "`grep 'job=42 ' logs/dispatcher.log*` is the story of job 42; tasks of an array are"
            " `job=43_7`. Moments and lengths of time in facts are in seconds, `by` is a uid,"
            " `-` stands for nothing. A fact with anything in it but plain ASCII signs stands in"
            " double quotes, `\\` before a quote in it; what does not print is escaped, and no fact"
            " is longer than 500 letters. Of what was submitted no line tells more than"
            " the numbers below. Of one kind of line that a user can cause at will, 100"
            " a minute are written; the last says `muted_s=60`.\n",
            "The dispatcher puts its log aside at `log_size_mib` and keeps `log_files` old ones; an"
            " agent keeps one old one of 1 MiB. What has been put aside for good is still told by"
            f" `tsctl history`: each record keeps the latest {MOST_LINES} events of its job or"
            " task, without what restarts, disks and signals did to it.\n",
            "## Jobs, in logs/dispatcher.log\n",
            _kinds(events.JOB_EVENTS),
            "## The dispatcher itself, in the same file\n",
            _kinds(events.DISPATCHER_EVENTS),
            "## An agent, in users/u&lt;uid&gt;/agent.log\n",
            _kinds(events.AGENT_EVENTS),
        ]
    )


def _kinds(kinds: Iterable[Kind]) -> str:
    rows = [(kind.name, " ".join(f"`{fact}`" for fact in kind.facts), kind.says) for kind in kinds]
    return table(("line", "facts", "meaning"), rows)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines
    )
