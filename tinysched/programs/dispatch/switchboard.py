"""All connections of the dispatcher: who may call, who has gone, what has come in.

Nobody is trusted to be brief: each user gets a share of every round, of the connections and of the
memory, and who says nothing for long is hung up on.
"""

from __future__ import annotations

import logging
import os
import select
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tinysched import __version__
from tinysched.errors import EXIT_TRY_LATER, WireError
from tinysched.host.clock import Clock
from tinysched.programs import events
from tinysched.wire.channel import Channel, Listener, Message

LOG = logging.getLogger("dispatcher")
# The share of one user in a round, in messages and in time: then it is the others' turn.
MOST_A_TURN = 64
TURN_S = 0.1
MOST_CALLS = 256
# What may be kept for all connections of one user: half messages, and answers nobody reads.
MOST_HELD = 128 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one user may take: connections, and seconds on one without saying anything whole.

    `connections_in_all`: of all users together, as many as there are descriptors to spare.
    """

    connections: int
    silence_s: float
    connections_in_all: int


class Switchboard:
    """Waits for all of them at once and for none of them alone.

    `is_needed` tells of a connection that it may be silent as long as it likes.
    """

    def __init__(
        self,
        listener: Listener,
        clock: Clock,
        bounds: Callable[[], Bounds],
        is_needed: Callable[[Channel], bool],
    ) -> None:
        self._listener = listener
        self._clock = clock
        self._bounds = bounds
        self._is_needed = is_needed
        self._channels: dict[int, Channel] = {}
        self._wants: dict[int, int] = {}
        self._heard_at: dict[int, float] = {}
        self._ready: list[int] = []
        self._count: Counter[int] = Counter()
        self._lost: list[Channel] = []
        self._look_at = 0.0
        self._wake = -1
        self._poll = select.epoll()
        self._poll.register(listener.fileno(), select.EPOLLIN)

    def wait(self, wake: int, wait_s: float) -> Iterator[tuple[Channel, Message]]:
        """What has come in, after at most `wait_s` seconds. `wake`: a pipe that ends the wait."""
        if wake != self._wake:
            self._poll.register(wake, select.EPOLLIN)
            self._wake = wake
        found = self._poll.poll(0 if self._ready else self._patience_s(wait_s))
        waiting = self._ready
        for descriptor, _ in found:
            if descriptor == self._listener.fileno():
                self._accept()
            elif descriptor == wake:
                os.read(wake, MOST_CALLS)  # else the next wait would end at once, and all others
            elif descriptor in self._channels:
                self._channels[descriptor].flush()
                waiting.append(descriptor)
        self._ready = []
        yield from self._serve(list(dict.fromkeys(waiting)))
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

    def _patience_s(self, wait_s: float) -> float:
        """Waits no longer than until somebody may have been silent for too long."""
        if not self._channels:
            return wait_s
        return max(0.0, min(wait_s, self._bounds().silence_s / 4))

    # Who calls

    def _accept(self) -> None:
        for _ in range(MOST_CALLS):
            channel = self._listener.accept()
            if channel is None:
                return
            if self._may_come_in(channel):
                self._count[channel.peer.uid] += 1
                self._channels[channel.fileno()] = channel
                self._heard_at[channel.fileno()] = self._clock.boottime()
                self._wants[channel.fileno()] = select.EPOLLIN
                self._poll.register(channel.fileno(), select.EPOLLIN)

    def _may_come_in(self, channel: Channel) -> bool:
        """One too many is told so, and hung up on."""
        uid, bounds = channel.peer.uid, self._bounds()
        held = self._count[uid]
        if held >= bounds.connections:
            limit = f"max_connections_per_user is {bounds.connections}"
        elif len(self._channels) >= bounds.connections_in_all and held:
            limit = f"all users together may hold {bounds.connections_in_all}"
        else:
            return True
        LOG.warning(events.CONNECTION_REFUSED, uid, held, limit)
        words = f"error: cannot serve you: you hold {held} connections, and {limit}\n"
        fields = [("exit", b"%d" % EXIT_TRY_LATER), ("err", words.encode())]
        channel.answer([*fields, ("version", __version__.encode())])
        channel.close()
        return False

    # Who speaks

    def _serve(self, waiting: list[int]) -> Iterator[tuple[Channel, Message]]:
        """A share for each user; what does not fit into it waits for the next round."""
        messages: Counter[int] = Counter()
        spent_s: defaultdict[int, float] = defaultdict(float)
        for descriptor in waiting:
            channel = self._channels[descriptor]
            uid = channel.peer.uid
            while messages[uid] < MOST_A_TURN and spent_s[uid] < TURN_S:
                message = self._next(channel)
                if message is None:
                    break
                messages[uid] += 1
                began_at, was_closed = self._clock.boottime(), channel.closed
                yield channel, message
                spent_s[uid] += self._clock.boottime() - began_at
                if channel.closed and not was_closed:
                    channel.give_up()
            else:
                self._ready.append(descriptor)

    def _next(self, channel: Channel) -> Message | None:
        """The next whole message; none while its sender does not read the answers."""
        if channel.is_slow and not channel.closed:
            return None
        try:
            messages = channel.receive(1)
        except WireError as error:
            LOG.warning(events.NONSENSE, channel.peer.uid, error.sentence)
            channel.give_up()
            return None
        if not messages:
            return None
        self._heard_at[channel.fileno()] = self._clock.boottime()
        return messages[0]

    # Who is forgotten

    def _settle(self) -> None:
        """Forgets who has gone, and waits for those who are slow to listen."""
        self._look_for_trouble()
        for descriptor, channel in list(self._channels.items()):
            if channel.closed and descriptor not in self._ready:
                self._hang_up(descriptor, channel)
                continue
            wants = 0 if channel.is_slow else select.EPOLLIN
            wants |= select.EPOLLOUT if channel.wants_write else 0
            if wants != self._wants[descriptor]:
                if wants & ~self._wants[descriptor] & select.EPOLLIN:
                    self._ready.append(descriptor)  # what came in before it was too slow
                self._wants[descriptor] = wants
                self._poll.modify(descriptor, wants)

    def _look_for_trouble(self) -> None:
        held: dict[int, list[Channel]] = {}
        for channel in self._channels.values():
            if channel.held:
                held.setdefault(channel.peer.uid, []).append(channel)
        for uid, channels in held.items():
            channels.sort(key=lambda channel: channel.held)
            while sum(channel.held for channel in channels) > MOST_HELD:
                LOG.warning(events.HUNG_UP, uid, f"{channels[-1].held} bytes wait")
                channels.pop().give_up()
        now, silence_s = self._clock.boottime(), self._bounds().silence_s
        if now < self._look_at:
            return
        self._look_at = now + silence_s / 4
        for descriptor, heard_at in list(self._heard_at.items()):
            channel = self._channels[descriptor]
            if now - heard_at > silence_s and not self._is_needed(channel):
                words = f"silent for {now - heard_at:.0f} s"
                LOG.info(events.HUNG_UP, channel.peer.uid, words)
                channel.give_up()

    def _hang_up(self, descriptor: int, channel: Channel) -> None:
        del self._channels[descriptor]
        del self._heard_at[descriptor]
        del self._wants[descriptor]
        self._count[channel.peer.uid] -= 1
        self._poll.unregister(descriptor)
        self._lost.append(channel)
        channel.close()
