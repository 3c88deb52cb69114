"""All connections of the dispatcher: who may call, who has gone, what has come in."""

from __future__ import annotations

import logging
import select
from collections import Counter
from collections.abc import Iterator

from tinysched.errors import WireError
from tinysched.wire.channel import Channel, Listener, Message

LOG = logging.getLogger("dispatcher")


class Switchboard:
    """Waits for all of them at once and for none of them alone."""

    def __init__(self, listener: Listener, most_per_user: int) -> None:
        self._listener = listener
        self._most = most_per_user
        self._channels: dict[int, Channel] = {}
        self._writing: set[int] = set()
        self._count: Counter[int] = Counter()
        self._lost: list[Channel] = []
        self._poll = select.epoll()
        self._poll.register(listener.fileno(), select.EPOLLIN)

    def wait(self, wake: int, wait_s: float) -> Iterator[tuple[Channel, Message]]:
        """What has come in, after at most `wait_s` seconds. `wake`: a pipe that ends the wait."""
        self._poll.register(wake, select.EPOLLIN)
        ready = self._poll.poll(wait_s)
        self._poll.unregister(wake)
        for descriptor, _ in ready:
            if descriptor == self._listener.fileno():
                self._accept()
            elif descriptor in self._channels:
                channel = self._channels[descriptor]
                channel.flush()
                for message in self._messages(channel):
                    yield channel, message
        self._settle()

    def take_lost(self) -> list[Channel]:
        """The connections that have ended since this was asked last."""
        lost, self._lost = self._lost, []
        return lost

    def close(self) -> None:
        """Hands over what can be handed over, and hangs up."""
        for channel in self._channels.values():
            channel.flush()
            channel.close()
        self._poll.close()

    def _accept(self) -> None:
        while True:
            channel = self._listener.accept()
            if channel is None:
                return
            uid = channel.peer.uid
            if self._count[uid] >= self._most:
                LOG.warning("Too many connections uid=%d limit=%d", uid, self._most)
                channel.close()
                continue
            self._count[uid] += 1
            self._channels[channel.fileno()] = channel
            self._poll.register(channel.fileno(), select.EPOLLIN)

    def _messages(self, channel: Channel) -> list[Message]:
        try:
            return channel.receive()
        except WireError as error:
            LOG.warning("Nonsense from uid=%d: %s", channel.peer.uid, error.sentence)
            channel.closed = True
            return []

    def _settle(self) -> None:
        """Forgets who has gone, and waits for those who are slow to listen."""
        for descriptor, channel in list(self._channels.items()):
            if channel.closed:
                self._hang_up(descriptor, channel)
            elif channel.wants_write != (descriptor in self._writing):
                self._listen_for_room(descriptor, channel)

    def _listen_for_room(self, descriptor: int, channel: Channel) -> None:
        if channel.wants_write:
            self._writing.add(descriptor)
            self._poll.modify(descriptor, select.EPOLLIN | select.EPOLLOUT)
        else:
            self._writing.discard(descriptor)
            self._poll.modify(descriptor, select.EPOLLIN)

    def _hang_up(self, descriptor: int, channel: Channel) -> None:
        del self._channels[descriptor]
        self._writing.discard(descriptor)
        self._count[channel.peer.uid] -= 1
        self._poll.unregister(descriptor)
        self._lost.append(channel)
        channel.close()
