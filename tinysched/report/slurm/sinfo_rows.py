"""What a line of sinfo is about: a partition, and the host as far as it is in the listing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tinysched.job.standing import Node, Part
from tinysched.report.slurm.moments import Moments

NO_REASON = "none"
NOBODY = "Unknown"
NO_STATE = "n/a"
IDLE, MIXED, ALLOCATED = "idle", "mixed", "allocated"
DRAINED, DRAINING = "drained", "draining"
_SHORT: Mapping[str, str] = MappingProxyType(
    {
        IDLE: "idle",
        MIXED: "mix",
        ALLOCATED: "alloc",
        DRAINED: "drain",
        DRAINING: "drng",
        NO_STATE: NO_STATE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """A line. `has_node` false: no node of this partition is in the listing.

    `cluster`: its name if clusters were asked for.
    """

    part: Part
    node: Node
    moments: Moments
    user_of: Callable[[int], str]
    cluster: str = ""
    has_node: bool = True

    @property
    def availability(self) -> str:
        """Whether jobs of the partition may start."""
        return "up" if self.part.is_up else "down"

    # State

    @property
    def state(self) -> str:
        """Its long name."""
        if not self.has_node:
            return NO_STATE
        if self.node.is_drained:
            return DRAINING if self.node.cores_taken else DRAINED
        return use_of(self.node)

    @property
    def short_state(self) -> str:
        """`mix`."""
        return _SHORT[self.state]

    @property
    def whole_state(self) -> str:
        """`mixed+drain`."""
        if not self.has_node:
            return NO_STATE
        return use_of(self.node) + ("+drain" if self.node.is_drained else "")

    # Counts: allocated, idle, other, total

    @property
    def node_counts(self) -> tuple[int, int, int, int]:
        """Of nodes."""
        if not self.has_node:
            return 0, 0, 0, 0
        is_busy = self.node.cores_taken > 0
        if self.node.is_drained and not is_busy:
            return 0, 0, 1, 1
        return int(is_busy), int(not is_busy), 0, 1

    @property
    def core_counts(self) -> tuple[int, int, int, int]:
        """Of cores."""
        if not self.has_node:
            return 0, 0, 0, 0
        node = self.node
        rest = node.cores - node.cores_taken
        idle, other = (0, rest) if node.is_drained else (rest, 0)
        return node.cores_taken, idle, other, node.cores

    # Why it takes no jobs

    @property
    def reason(self) -> str:
        """The words that were given."""
        return self.node.reason if self.has_node and self.node.reason else NO_REASON

    @property
    def reason_user(self) -> str:
        """Who gave them; of no node, it is root."""
        if self.has_node and not self.node.reason:
            return NOBODY
        return self.user_of(self.node.reason_by if self.has_node else 0)

    @property
    def reason_user_long(self) -> str:
        """Name and number of that user."""
        name = self.reason_user
        if name == NOBODY:
            return NOBODY
        return f"{name}({self.node.reason_by if self.has_node else 0})"

    @property
    def reason_time(self) -> str:
        """When they were given."""
        is_given = self.has_node and self.node.reason
        return self.moments.text(self.node.reason_at if is_given else None, NOBODY)


def use_of(node: Node) -> str:
    """How far the host is taken, drained or not."""
    if not node.cores_taken:
        return IDLE
    return ALLOCATED if node.cores_taken >= node.cores else MIXED


def fits(node: Node, state: str) -> bool:
    """Whether the host is what the name of a state means."""
    use = use_of(node)
    meanings = {
        ALLOCATED: use != IDLE,
        MIXED: use == MIXED,
        IDLE: use == IDLE,
        "drain": node.is_drained,
        DRAINED: node.is_drained and use == IDLE,
        DRAINING: node.is_drained and use != IDLE,
    }
    return meanings.get(state, False)
