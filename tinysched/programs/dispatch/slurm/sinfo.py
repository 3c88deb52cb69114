"""Answers sinfo."""

from __future__ import annotations

from tinysched.host import identity
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.slurm.node import NodeView
from tinysched.programs.dispatch.slurm.variables import variables
from tinysched.report.slurm import sinfo as report
from tinysched.report.slurm.moments import Moments
from tinysched.script.slurm import sinfo as script
from tinysched.wire.channel import Channel, Message


class Sinfo:
    """Lists the host and its partitions as Slurm does."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._node = NodeView(parts)

    def answer(self, _channel: Channel, message: Message) -> Answer:
        """One listing."""
        listing = script.read(message.many("arg"), variables(message))
        parts = self._parts
        moments = Moments(place=parts.place, now=parts.clock.wall(), style=listing.time_style)
        printed = report.render(listing, self._node.now(), moments, identity.user_name)
        return Answer(out=printed.out, err=printed.err, exit_code=printed.exit_code)
