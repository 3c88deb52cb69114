"""A worker's socket, given nonsense: the job it is for runs on, and its end is known."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
from pathlib import Path

import pytest

from tests.e2e.people import is_alive
from tests.e2e.rig import Site
from tests.e2e.user import User
from tests.fuzz.mutations import mutated_frame, pieces
from tinysched.errors import WireError
from tinysched.wire import messages
from tinysched.wire.channel import Message
from tinysched.wire.fields import HEADER, pack, unpack

RECORDS = Path(__file__).parents[1] / "golden" / "wire" / "v1"
IGNORED = {signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM}
WAITS = "trap '' HUP INT USR1 USR2 TERM; while [ ! -e go ]; do sleep 0.02; done; exit 5"


def would_end_it(frame: bytes) -> bool:
    """An order that makes sense: the worker follows it, and the job would not run on."""
    try:
        verb, fields = unpack(frame[HEADER:])
        said = Message(verb=verb, fields=fields)
        if verb == "signal":
            return messages.read_signal(said) in set(range(65)) - IGNORED
        if verb == "stop":
            messages.read_stop(said)
            return True
    except WireError:
        return False
    return False


def is_honest(frame: bytes) -> bool:
    return int.from_bytes(frame[:HEADER], "big") == len(frame) - HEADER


@pytest.mark.soak
def test_a_worker_takes_any_nonsense_on_its_socket(site: Site, ann: User, soak: int) -> None:
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    frames = [path.read_bytes() for path in sorted(RECORDS.glob("worker.*"))]
    # No system call takes such a number, so it must not come as far as that.
    frames += [pack("signal", [("run", b"1.1"), ("signal", n)]) for n in (b"65", b"9999", b"-3")]
    number = ann.wrap(WAITS)
    site.until_state(number, "RUNNING")
    run = site.root / "users" / f"u{ann.person.uid}" / "runs" / f"{number}.1"
    worker = int((run / "worker.lock").read_text())
    address = f"/proc/self/fd/{os.open(run, os.O_PATH)}/ctl.sock"
    for _ in range(100 * soak):
        said = [mutated_frame(frames, chance) for _ in range(3)]
        stream = b"".join(frame for frame in said if is_honest(frame) and not would_end_it(frame))
        stream += chance.randbytes(chance.randrange(9)) if chance.random() < 0.5 else b""
        with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
            line.connect(address)
            for piece in pieces(stream, chance):
                line.send(piece)
    os.close(int(address.split("/")[4]))
    assert is_alive(worker), seed
    assert site.job(number)["state"] == "RUNNING", seed
    ann.file("go", "")
    assert site.until_state(number, "FAILED")["exit_code"] == 5, seed
