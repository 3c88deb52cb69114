"""A dispatcher and its switchboard on a real socket, a round of its loop at a time."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing

from tests.programs.queue import Queue
from tinysched.programs.dispatch.switchboard import Bounds, Switchboard
from tinysched.wire.channel import Channel, Listener, call


class Hall:
    """A dispatcher with its switchboard; a round is one turn of its loop."""

    def __init__(self, root: str, stack: ExitStack, most: int = 8) -> None:
        self.queue = Queue(root)
        stack.callback(self.queue.close)
        self.path = f"{root}/run/ctl.sock"
        listener = stack.enter_context(closing(Listener(f"{root}/run", "ctl.sock", 0o600)))
        self.wake, self.waker = os.pipe2(os.O_NONBLOCK)
        stack.callback(os.close, self.wake)
        stack.callback(os.close, self.waker)
        bounds = Bounds(connections=most, silence_s=60.0, connections_in_all=12)
        agents = self.queue.dispatcher.agents
        board = Switchboard(listener, self.queue.clock, lambda: bounds, agents.is_in_use)
        self.board = stack.enter_context(closing(board))
        self.stack = stack

    def call(self) -> Channel:
        return self.stack.enter_context(closing(call(self.path, os.getuid())))

    def round(self) -> None:
        for channel, message in self.board.wait(self.wake, 0):
            self.queue.dispatcher.hear(channel, message)
        for channel in self.board.take_lost():
            self.queue.dispatcher.agents.lost(channel)
        self.queue.dispatcher.advance()

    def rounds(self) -> None:
        for _ in range(4):
            self.round()
