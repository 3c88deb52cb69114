"""Answers squeue."""

from __future__ import annotations

from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.parts import Parts
from tinysched.report.slurm import rows
from tinysched.wire.channel import Channel, Message


class Squeue:
    """Lists the queue as Slurm does."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def answer(self, channel: Channel, message: Message) -> Answer:
        """One listing."""
        snapshot = self._parts.outlook.snapshot(channel.peer.uid)
        lines = [f"{row.shown_id} {row.state}" for row in rows.of(snapshot)]
        return Answer(out="".join(f"{line}\n" for line in lines))
