"""What scancel was told to end, and how."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job.queries import Selector
from tinysched.job.signals import Reach
from tinysched.job.wanted import Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Victim:
    """One word of the command line: `42`, `42_[2-4]`, `42.0` (`step`), as it was written."""

    written: str
    selector: Selector
    step: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelling:
    """`scancel`. `filters` names each filter that was given: `job_name=x`.

    `signal` None: none was given. `ends`: this ends jobs in the ordinary way; else a signal is
    sent, which is KILL if none was given. `is_full`: --full was given, which is told.
    """

    victims: tuple[Victim, ...]
    wanted: Wanted
    filters: tuple[str, ...] = ()
    signal: int | None = None
    ends: bool = True
    reach: Reach = Reach.ALL
    is_full: bool = False
    is_interactive: bool = False
    is_verbose: bool = False
    complaints: str = ""

    @property
    def is_plain(self) -> bool:
        """Nothing but ids was given: what is unknown or has ended is no mistake."""
        is_ordinary = self.signal is None and self.reach is Reach.ALL
        has_steps = any(victim.step is not None for victim in self.victims)
        return is_ordinary and not (self.filters or self.is_interactive or has_steps)
