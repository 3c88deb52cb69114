"""Answers scontrol."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tinysched.errors import TinyschedError, VerbatimError
from tinysched.host import identity
from tinysched.job.controlling import Control
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.slurm.deeds import Deeds
from tinysched.programs.dispatch.slurm.finds import Finds
from tinysched.programs.dispatch.slurm.scontrol_show import Asker, Show
from tinysched.programs.dispatch.slurm.updates import Updates
from tinysched.programs.dispatch.slurm.variables import variables
from tinysched.report.text import visible
from tinysched.script.slurm import scontrol as script
from tinysched.wire.channel import Channel, Message

# What Slurm's administrators do in other ways here, and how a user is told that he is none.
_NOT_YOURS = "Invalid user id"
_NOT_PERMITTED = "Permission denied"
_REFUSED = {
    "abort": (f"slurm_shutdown error: {_NOT_YOURS}", "the queue's admin says tsdaemon stop"),
    "shutdown": (f"slurm_shutdown error: {_NOT_YOURS}", "the queue's admin says tsdaemon stop"),
    "takeover": (
        "slurm_takeover error: Unable to contact slurm controller (connect failure)",
        "there is one dispatcher",
    ),
    "cancel_reboot": (f"slurm_update error: {_NOT_YOURS}", "hosts are not restarted from here"),
    "reboot": (
        "scontrol: error: RebootProgram isn't defined\n"
        "scontrol_reboot_nodes error: Unspecified error",
        "hosts are not restarted from here",
    ),
    "create": (
        f"Error creating the partition: {_NOT_YOURS}",
        "partitions stand in config.yaml",
    ),
    "delete": (f"delete_partition {{0}}: {_NOT_YOURS}", "partitions stand in config.yaml"),
    "setdebug": (
        f"slurm_set_debug_level error: {_NOT_PERMITTED}",
        "log_level stands in config.yaml",
    ),
    "setdebugflags": (
        f"slurm_set_debug_flags error: {_NOT_PERMITTED}",
        "log_level stands in config.yaml",
    ),
    "schedloglevel": (
        f"slurm_set_schedlog_level error: {_NOT_PERMITTED}",
        "log_level stands in config.yaml",
    ),
    "fsdampeningfactor": (
        f"slurm_set_fs_dampeningfactor error: {_NOT_PERMITTED}",
        "there are no shares",
    ),
    "token": ("Error fetching token", "the kernel says who calls"),
}
Deed = Callable[[int, Control], Answer]


class Scontrol:
    """Shows, and passes orders on."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._show = Show(parts, _group_of)
        self._updates = Updates(parts)
        deeds, finds = Deeds(parts), Finds(parts)
        self._deeds: Mapping[str, Deed] = {
            **dict.fromkeys(deeds.keywords, deeds.do),
            "completing": self._show.completing,
            "listpids": finds.listpids,
            "pidinfo": finds.pidinfo,
            "ping": self._ping,
            "reconfigure": self._reconfigure,
            "wait_job": finds.wait,
            "write": finds.write,
        }

    def answer(self, channel: Channel, message: Message) -> Answer:
        """One order.

        Raises: VerbatimError.
        """
        uid = channel.peer.uid
        order = script.read(message.many("arg"))
        try:
            return self._answer(uid, order, message)
        except VerbatimError as error:
            if order.quiet:
                raise VerbatimError("", error.exit_code) from None
            raise

    def _answer(self, uid: int, order: Control, message: Message) -> Answer:
        if order.keyword == "show":
            asker = Asker(uid=uid, root=message.text("root", ""), variables=variables(message))
            return self._show.show(asker, order)
        if order.keyword == "update":
            return self._updates.update(uid, order, is_written=message.text("written", "") != "")
        if order.keyword in _REFUSED:
            raise self._refusal(uid, order)
        deed = self._deeds.get(order.keyword)
        try:
            return Answer() if deed is None else deed(uid, order)
        except VerbatimError:
            raise
        except TinyschedError as error:
            raise VerbatimError(f"scontrol: error: {error.sentence}\n") from error

    def _refusal(self, uid: int, order: Control) -> VerbatimError:
        said, why = _REFUSED[order.keyword]
        if order.keyword == "create" and "".join(order.words).lower().startswith("res"):
            said = "scontrol: error: A start time must be given.  No reservation created."
        if not self._parts.rights.is_admin(uid):
            return VerbatimError(said.replace("{0}", visible(" ".join(order.words))) + "\n")
        return VerbatimError(f"scontrol: error: {order.keyword} is not supported: {why}\n")

    def _ping(self, _uid: int, _order: Control) -> Answer:
        return Answer(out=f"Slurmctld(primary) at {self._parts.place.host} is UP\n")

    def _reconfigure(self, uid: int, _order: Control) -> Answer:
        if not self._parts.rights.is_admin(uid):
            raise VerbatimError(f"slurm_reconfigure error: {_NOT_YOURS}\n")
        try:
            self._parts.reload()
        except TinyschedError as error:
            raise VerbatimError(f"slurm_reconfigure error: {error.sentence}\n") from None
        return Answer()


def _group_of(uid: int) -> tuple[int, str]:
    """Number and name of a user's primary group."""
    gid = identity.primary_gid(uid)
    return (uid, str(uid)) if gid is None else (gid, identity.group_name(gid))
