"""What `scontrol update` closes or opens: `NodeName=n1 State=drain Reason="new disk"`.

Source: scontrol(1); its complaints are Slurm's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinysched.errors import VerbatimError
from tinysched.script.slurm import filters, hostlist
from tinysched.script.slurm.scontrol import matches
from tinysched.script.slurm.scontrol_updates import Change, Update

NO_SUCH_NODE = "slurm_update error: Invalid node name specified\n"
NO_SUCH_PARTITION = "slurm_update error: Invalid partition name specified\n"
_ABORTED = "Request aborted\n"
_DRAIN, _DOWN = "drain", "down"
_OPENING = ("resume", "undrain", "idle")
_NODE_STATES = (_DRAIN, _DOWN, *_OPENING)
_PARTITION_STATES = {"up": False, "down": True}
_OTHER_PARTITION_STATES = ("drain", "inactive")
_NO_REASON = "You must specify a reason when DOWNING or DRAINING a node. Request denied\n"
_VALID_STATES = (
    "Valid states are: NoResp DRAIN FAIL FUTURE RESUME POWER_DOWN POWER_UP UNDRAIN\n"
    "Not all states are valid given a node's prior state\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What to close, or to open again, by name."""

    names: tuple[str, ...]
    is_closed: bool
    reason: str = ""


def of_nodes(update: Update) -> Closing:
    """Hosts. Raises: VerbatimError."""
    state, reason = "", ""
    for change in update.changes:
        if matches(change.key, "state", 5):
            state = _node_state(change)
        elif matches(change.key, "reason", 1):
            reason = change.value.strip("\"'")
        else:
            raise VerbatimError(
                f"Update of this parameter is not supported: {change.written}\n{_ABORTED}"
            )
    if not state:
        raise VerbatimError("No changes specified\n")
    if state in (_DRAIN, _DOWN) and not reason:
        raise VerbatimError(_NO_REASON)
    if state == _DOWN:
        words = "state=down is not supported: drain it, and scancel what runs"
        raise VerbatimError(f"scontrol: error: {words}\n")
    try:
        names = tuple(hostlist.expand(update.names))
    except ValueError:
        raise VerbatimError(NO_SUCH_NODE) from None
    return Closing(names=names, is_closed=state == _DRAIN, reason=reason)


def of_partitions(update: Update) -> Closing:
    """Partitions. Raises: VerbatimError."""
    is_closed = [_partition_state(change) for change in update.changes]
    if not is_closed:
        raise VerbatimError("scontrol: error: No changes specified\n")
    return Closing(names=tuple(filters.words(update.names)), is_closed=is_closed[-1])


def _node_state(change: Change) -> str:
    found = _called(change.value, _NODE_STATES, 3)
    if not found:
        raise VerbatimError(f"Invalid input: {change.written}\n{_ABORTED}{_VALID_STATES}")
    return found


def _partition_state(change: Change) -> bool:
    """Whether it is to be closed."""
    if not matches(change.key, "state", 2):
        lines = f"Update of this parameter is not supported: {change.written}\n"
        raise VerbatimError(
            f"scontrol: error: {lines}\nscontrol: error: {_ABORTED}slurm_update error: No error\n"
        )
    known = _called(change.value, (*_PARTITION_STATES, *_OTHER_PARTITION_STATES), 2)
    if known in _OTHER_PARTITION_STATES:
        words = f"state={known} is not supported: down keeps jobs waiting"
        raise VerbatimError(f"scontrol: error: {words}\n")
    if not known:
        raise VerbatimError(
            f"scontrol: error: Invalid input: {change.written}\n"
            "scontrol: error: Acceptable State values are UP, DOWN, DRAIN and INACTIVE\n"
            "slurm_update error: No error\n"
        )
    return _PARTITION_STATES[known]


def _called(word: str, names: Sequence[str], least: int) -> str:
    """The name that a word, which may be cut, means; '': none."""
    return next((name for name in names if matches(word, name, least)), "")
