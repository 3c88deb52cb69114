"""What `tsctl why` and `tsctl history` print, as text or JSON."""

from __future__ import annotations

from tinysched.job.queries import StoryQuery
from tinysched.job.snapshot import Snapshot
from tinysched.report import history, why
from tinysched.report.place import Place


def render(query: StoryQuery, snapshot: Snapshot, place: Place) -> str:
    """The answer to a query; as JSON it is the same for both."""
    if query.json:
        return history.render_json(query.selectors, snapshot)
    paragraphs = why.render if query.verb == "why" else history.render
    return paragraphs(query.selectors, snapshot, place)
