"""Command lines of `tsctl why` and `tsctl history`: whose story, and in which form."""

from __future__ import annotations

from collections.abc import Sequence

from tinysched.errors import UsageError
from tinysched.job.queries import StoryQuery
from tinysched.script.queries import ids

VERBS = ("why", "history")
_JSON = "--json"


def read(argv: Sequence[str]) -> StoryQuery:
    """What `tsctl` was asked; options stand before the jobs. Raises: UsageError."""
    verb, *words = argv or ("",)
    as_json = words[:1] == [_JSON]
    named = words[1:] if as_json else words
    if verb not in VERBS or not named:
        raise UsageError("cannot read the command line: no job is given", "try 'tsctl --help'")
    return StoryQuery(verb=verb, selectors=ids(named, "tsctl"), json=as_json)
