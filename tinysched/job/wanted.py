"""Which jobs a command of Slurm's is about: what squeue, scancel and their like filter by."""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job.model import Job
from tinysched.job.queries import Selector
from tinysched.job.standing import Standing

# What every job has that named no other.
QOS = "normal"
_NOTHING = (None,) * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Every filter that was given must fit; None: it was not given.

    `states` are Slurm's long names. `names` are folded to lower case if `folds_names`, as squeue
    compares them. `partitions` holds single names, or (`whole_partitions`, as scancel compares
    them) all that a job names. `hosts` fit what has started.
    """

    selectors: tuple[Selector, ...] | None = None
    uids: frozenset[int] | None = None
    states: frozenset[str] | None = None
    names: frozenset[str] | None = None
    folds_names: bool = False
    partitions: frozenset[str] | None = None
    whole_partitions: bool = False
    accounts: frozenset[str] | None = None
    qos: frozenset[str] | None = None
    reservations: frozenset[str] | None = None
    licenses: frozenset[str] | None = None
    wckeys: frozenset[str] | None = None
    hosts: frozenset[str] | None = None

    @property
    def is_empty(self) -> bool:
        """No job as a whole is left out."""
        asked = (self.uids, self.names, self.partitions, self.accounts, self.qos)
        return (*asked, self.reservations, self.wckeys, self.licenses) == _NOTHING

    def fits(self, job: Job, standing: Standing) -> bool:
        """Whether a job as a whole is meant; its states and tasks are looked at elsewhere."""
        if self.is_empty:
            return True
        request = job.request
        name = request.name.lower() if self.folds_names else request.name
        partition = standing.partition
        partitions = {partition} if self.whole_partitions else set(partition.split(","))
        asked = (
            (self.uids, {job.uid}),
            (self.names, {name}),
            (self.partitions, partitions),
            (self.accounts, {request.account or ""}),
            (self.qos, {request.qos or QOS}),
            (self.reservations, {request.stored.get("reservation", "")}),
            (self.wckeys, {request.stored.get("wckey", "")}),
            (self.licenses, _licenses(request.stored.get("licenses", ""))),
        )
        return all(wanted is None or wanted & given for wanted, given in asked)


def _licenses(text: str) -> set[str]:
    """`matlab:2,idl` names matlab and idl."""
    return {word.partition(":")[0] for word in text.split(",") if word}
