"""Thirteen ways in which what a job starts gets away from it, and a scan that finds it anyway.

Each job has a directory of its own, with programs of its own in it: whatever a process does to its
session, parents, environment, directory, descriptors or signals, the kernel still knows what it
executes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

from tests.e2e.people import is_alive
from tests.e2e.user import User

# A script's last words, by what is to end it.
STAYS = "$D/sleep 900; exit 9"
EXITS = "until [ -e $D/go ]; do $D/sleep 0.02; done; exit 3"
PROGRAMS = ("sleep", "bash", "setsid", "env", "nohup")

# `up`: one of the processes that the test waits for is there.
HEAD = """\
#!{place}/bash
D={place}; export D
up() {{ echo >>$D/ups; }}
"""
TAIL = """
until [ "$(wc -l <$D/ups)" -ge {count} ]; do $D/sleep 0.05; done
echo >$D/up
{then}
"""

# Stops itself under a tracer of its own, which keeps it stopped and listens to nobody.
TRACED = """\
import ctypes, os, signal, sys
libc = ctypes.CDLL(None)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    assert libc.ptrace(0, 0, None, None) == 0
    os.kill(os.getpid(), signal.SIGSTOP)
    os._exit(1)
os.waitpid(pid, os.WUNTRACED)
with open(sys.argv[1] + "/ups", "a") as ups:
    ups.write("\\n\\n")
while True:
    signal.pause()
"""
# Two that respawn each other, and a chain of which each link forks the next one and ends; they
# leave by themselves after three minutes, should nobody be there any more who ends them.
STORM = """\
import contextlib, os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
until = time.monotonic() + 180
def up():
    with open(sys.argv[1] + "/ups", "a") as ups:
        ups.write("\\n")
def twin(other):
    while time.monotonic() < until:
        if other is None or not os.path.exists(f"/proc/{other}"):
            me = os.getpid()
            other = os.fork()
            if other == 0:
                os.setsid()
                return twin(me)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
        time.sleep(0.002)
def chain():
    while time.monotonic() < until:
        time.sleep(0.002)
        if os.fork():
            os._exit(0)
if os.fork() == 0:
    up()
    chain()
    os._exit(0)
up()
twin(None)
"""

# The way, and how many processes say that they are up.
WAYS: dict[str, tuple[str, int]] = {
    "own session": ("( up; exec $D/setsid $D/sleep 900 ) &", 1),
    "double fork": ("( ( up; exec $D/sleep 900 ) & )\n( ( up; $D/sleep 900; : ) & )", 2),
    "daemon": (
        """( ( trap '' TERM HUP INT; cd /; umask 0; up
exec $D/env -i D=$D $D/setsid $D/bash -c '
    for n in {0..255}; do eval "exec $n>&-"; done
    ( exec $D/env -i $D/sleep 900 ) & exit' ) & )""",
        1,
    ),
    "empty environment": (
        "( up; exec $D/env -i $D/sleep 900 ) &\n( ( up; exec $D/env -i $D/sleep 900 ) & )",
        2,
    ),
    "own process group": ("set -m; ( up; exec $D/sleep 900 ) & set +m", 1),
    "deaf to TERM": ("( trap '' TERM HUP INT; up; while :; do $D/sleep 900; done ) &", 1),
    "stopped": (
        "( up; kill -STOP $BASHPID; exec $D/sleep 900 ) &\n"
        "( trap '' TERM; up; kill -STOP $BASHPID; exec $D/sleep 900 ) &",
        2,
    ),
    "fork storm": (f"{sys.executable} -IS $D/storm.py $D &", 2),
    "nohup": ("( up; exec $D/nohup $D/sleep 900 >/dev/null 2>&1 ) &", 1),
    "disowned": ("( up; exec $D/sleep 900 ) & disown", 1),
    "orphans": (
        "$D/bash -c 'echo >>$D/ups; $D/sleep 900 & ( $D/sleep 900 & ) & exit' &\n"
        "( trap '' TERM; up; $D/sleep 900 & exit ) &",
        2,
    ),
    "traced": (f"{sys.executable} -IS $D/traced.py $D &", 2),
    "no descriptors": (
        """( up; for n in {0..255}; do eval "exec $n>&-"; done; exec $D/sleep 900 ) &""",
        1,
    ),
}


def prepare(user: User, way: str, then: str) -> Path:
    """A directory with a job that goes this way, and makes the file `up` when all have gone it."""
    place = user.move().here
    for name in PROGRAMS:
        _own_program(user, name, place / name)
    body, count = WAYS[way]
    (place / "traced.py").write_text(TRACED)
    (place / "storm.py").write_text(STORM)
    script = HEAD.format(place=place) + body + TAIL.format(count=count, then=then)
    (place / "job.sh").write_text(script)
    (place / "ups").touch()
    user.person.owns(place / "ups")
    return place


def _own_program(user: User, name: str, path: Path) -> None:
    """A name of its own for a program that is stored once."""
    stored = user.home / f".{name}"
    if not stored.exists():
        shutil.copy(str(shutil.which(name)), stored)
    os.link(stored, path)


def escaped(places: list[Path]) -> dict[Path, list[str]]:
    """All living processes on this host that execute, name, or stand in one of these places."""
    marks = {os.fsencode(place): place for place in places}
    found: dict[Path, list[str]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        traces = _traces(name)
        for mark, place in marks.items():
            if mark + b"/" in traces and is_alive(int(name)):
                found.setdefault(place, []).append(f"{name} {traces[:200]!r}")
    return found


def _traces(pid: str) -> bytes:
    traces = []
    for name in ("exe", "cwd"):
        with contextlib.suppress(OSError):
            traces.append(os.fsencode(os.readlink(f"/proc/{pid}/{name}")) + b"/")
    with contextlib.suppress(OSError):
        traces.append(Path(f"/proc/{pid}/cmdline").read_bytes())
    return b"\0".join(traces)
