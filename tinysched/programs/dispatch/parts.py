"""What those who answer commands work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinysched.host.clock import Clock
from tinysched.programs.dispatch.agents import Agents
from tinysched.programs.dispatch.changes import Changes
from tinysched.programs.dispatch.intake import Intake
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.outlook import Outlook
from tinysched.programs.dispatch.rights import Rights
from tinysched.programs.dispatch.terms import Terms
from tinysched.report.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The dispatcher, taken apart; `reload` reads the configuration again."""

    ledger: Ledger
    agents: Agents
    clock: Clock
    terms: Callable[[], Terms]
    reload: Callable[[], str]
    rights: Rights
    outlook: Outlook
    changes: Changes
    intake: Intake
    place: Place
