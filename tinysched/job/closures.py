"""What an admin has closed: the whole host, or partitions of it. What runs there goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Why the host takes no jobs, in whose words, since when (UTC, seconds)."""

    reason: str
    by: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Closures:
    """`host` None: it is open. `partitions`: the names of those that are closed."""

    host: Closed | None = None
    partitions: frozenset[str] = frozenset()

    def with_partition(self, name: str, *, is_closed: bool) -> Closures:
        """The same, but for one partition."""
        others = self.partitions - {name}
        return replace(self, partitions=others | {name} if is_closed else others)


NOTHING_CLOSED = Closures()
