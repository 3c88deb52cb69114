"""What sinfo was asked to list, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class View(Enum):
    """What a line of a listing is about: a partition, all its states in one, a node, a reason."""

    PARTITIONS = "partitions"
    SUMMARY = "summary"
    NODES = "nodes"
    REASONS = "reasons"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeListing:
    """`sinfo`. `letters` is a format of letters, `words` one of names (None: the usual columns).

    `states`: of one of these sets, all must fit (None: any state does). `is_dated`: the date stands
    above. `is_dead`: only nodes that do not answer. `has_reason`: only those that take no jobs, for
    a reason. `reservations`: of which there are none.
    `clusters`: whose listing was asked for by name. `time_style`: SLURM_TIME_FORMAT.
    """

    view: View = View.PARTITIONS
    is_long: bool = False
    letters: str | None = None
    words: str | None = None
    header: bool = True
    is_dated: bool = False
    sort: str = ""
    states: tuple[frozenset[str], ...] | None = None
    partitions: frozenset[str] | None = None
    hosts: frozenset[str] | None = None
    is_dead: bool = False
    has_reason: bool = False
    reservations: bool = False
    clusters: str | None = None
    json: bool = False
    time_style: str = ""
