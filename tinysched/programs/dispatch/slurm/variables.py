"""The variables that a command of Slurm's sends along."""

from __future__ import annotations

from collections.abc import Mapping

from tinysched.wire.channel import Message


def variables(message: Message) -> Mapping[str, str]:
    """By name."""
    pairs = (pair.partition("=") for pair in message.many("var"))
    return {name: value for name, _, value in pairs}
