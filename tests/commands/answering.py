"""A dispatcher that knows its answers by heart, at the other end of a real socket."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from tinysched.site import Site
from tinysched.wire.channel import Channel, Listener, Message

Answer = tuple[Sequence[tuple[str, bytes]], bytes]


class Answering:
    """Answers every command with what `answer` makes of it, until closed; `heard` keeps all.

    None for an answer: it hangs up, as one that was killed.
    """

    def __init__(self, root: Path, answer: Callable[[Message], Answer | None]) -> None:
        (root / "run").mkdir()
        self.heard: list[Message] = []
        self._answer = answer
        self._listener = Listener(str(root / "run"), "ctl.sock", 0o600)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def __enter__(self) -> Answering:
        return self

    def __exit__(self, *_why: object) -> None:
        self._stop.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._stop.is_set():
            if not select.select([self._listener], [], [], 0.02)[0]:
                continue
            channel = self._listener.accept()
            if channel is not None:
                self._talk(channel)

    def _talk(self, channel: Channel) -> None:
        messages: list[Message] = []
        while not (messages or channel.closed):
            select.select([channel], [], [], 1)
            messages = channel.receive()
        for message in messages:
            self.heard.append(message)
            answer = self._answer(message)
            if answer is not None:
                channel.answer(*answer)
        while channel.wants_write:
            select.select([], [channel], [], 1)
            channel.flush()
        channel.close()


def a_site(root: Path) -> Site:
    return Site(str(root), None, str(root / "bin"))
