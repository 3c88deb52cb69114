"""`srun -v`: what was asked for, and what comes of it."""

from __future__ import annotations

from tinysched.commands.steps.says import tasks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinysched.commands.steps.place import Place

_RULE = f"{'-' * 20} {'-' * 20}"


def options(given: Mapping[str, str]) -> list[str]:
    """All that the command line and variables say."""
    lines = [f"{name:<20}: {value or 'set'}" for name, value in sorted(given.items())]
    return ["defined options", _RULE, *lines, _RULE, "end of defined options"]


def launch(place: Place, number: int, ranks: int, host: str) -> list[str]:
    """Where tasks are about to start."""
    named = tasks(range(ranks)).partition(" ")[2]
    return [
        f"jobid {place.raw_id}: nodes(1):`{host}', cpu counts: {place.cores}(x1)",
        f"launching StepId={place.raw_id}.{number} on host {host}, {ranks} tasks: {named}",
    ]
