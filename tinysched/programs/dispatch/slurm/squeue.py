"""Answers squeue."""

from __future__ import annotations

from tinysched.host import identity
from tinysched.job.queries import Filter
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.slurm.variables import variables
from tinysched.report.slurm import squeue as report
from tinysched.report.slurm.printed import Site
from tinysched.script.slurm import squeue as script
from tinysched.wire.channel import Channel, Message


class Squeue:
    """Lists the queue as Slurm does: what has ended is seen as long as it is kept in memory."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def answer(self, channel: Channel, message: Message) -> Answer:
        """One listing."""
        parts, uid = self._parts, channel.peer.uid
        cluster = parts.terms().cluster
        caller = script.Caller(
            uid=uid,
            variables=variables(message),
            uid_of=identity.uid_of,
            host=parts.place.host,
        )
        listing = script.read(message.many("arg"), caller)
        site = Site(place=parts.place, cluster=cluster, group_of=_group_of)
        wanted = Filter(selectors=listing.wanted.selectors, states=listing.wanted.states)
        meant = None if listing.json else parts.ledger.books.meant(wanted)
        printed = report.render(listing, parts.outlook.snapshot(uid, meant), site)
        return Answer(out=printed.out, err=printed.err, exit_code=printed.exit_code)


def _group_of(uid: int) -> tuple[int, str]:
    """Number and name of a user's primary group."""
    gid = identity.primary_gid(uid)
    return (uid, str(uid)) if gid is None else (gid, identity.group_name(gid))
