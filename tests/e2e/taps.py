"""A release that writes down whatever its programs hear, for the record of what releases say."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e import releases
from tests.e2e.rig import Site
from tinysched import __version__
from tinysched.wire.fields import HEADER, pack, unpack

CHANNEL = """

import sys as _sys

_receive = Channel.receive


def _listener():
    with open("/proc/self/comm") as file:
        name = file.read()
    if name.startswith("ts "):
        return "agent" if name == "ts agent\\n" else "worker"
    programs = {"dispatcher": "dispatcher", "foreground": "front"}
    return programs.get((_sys.argv + [""])[1], "command")


def _tapped(self, most=MAX_MESSAGE):
    messages = _receive(self, most)
    for message in messages:
        name = f"PLACE/{_listener()}.{message.verb}.{os.urandom(8).hex()}"
        with open(name, "wb") as file:
            file.write(pack(message.verb, list(message.fields)))
    return messages


Channel.receive = _tapped
"""
CLIENT = """

_unpack = unpack


def unpack(body):
    with open(f"PLACE/command.{_unpack(body)[0]}.{posix.urandom(8).hex()}", "wb") as file:
        file.write(len(body).to_bytes(4, "big") + body)
    return _unpack(body)
"""
SOONER = {"GARBAGE_EVERY_S = 300.0": "GARBAGE_EVERY_S = 0.5"}


def tapped(site: Site) -> Path:
    """Turns to such a release, which also tidies up often; answers where it writes."""
    place = site.place / "taps"
    place.mkdir()
    place.chmod(0o1777)
    new = Path(releases.release(site, version=__version__)) / "ours" / "tinysched"
    for name, text in (("wire/channel.py", CHANNEL), ("wire/client.py", CLIENT)):
        with (new / name).open("a") as file:
            file.write(text.replace("PLACE", str(place)))
    agent = new / "programs" / "agent.py"
    for was, will_be in SOONER.items():
        assert was in agent.read_text()
        agent.write_text(agent.read_text().replace(was, will_be))
    releases.compile_modules(new)
    releases.turn_to(site, str(new.parents[1]))
    return place


Heard = dict[str, dict[frozenset[str], bytes]]


def heard(folder: Path) -> Heard:
    """What was heard, or is on record: for each kind, by the names of the fields, one message."""
    found: Heard = {}
    for path in sorted(folder.iterdir()):
        listener = path.name.partition(".")[0]
        frame = path.read_bytes()
        verb, fields = unpack(frame[HEADER:])
        if ("command", b"tests") in fields:
            continue
        kind = dict(fields).get({"ended": "cause", "leave": ""}.get(verb, "command"), b"")
        label = ".".join(filter(None, [listener, verb, kind.decode()]))
        found.setdefault(label, {}).setdefault(frozenset(name for name, _ in fields), frame)
    return found


def neutral(frame: bytes) -> bytes:
    """A message without the names of directories that a test was given."""
    verb, fields = unpack(frame[HEADER:])
    return pack(
        verb, [(name, re.sub(rb"/tmp/ts-[^/]*", b"/tmp/ts", value)) for name, value in fields]
    )
