"""What scancel does besides giving its order: asks its user, and tries again what cannot be yet."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tinysched.commands import asking, console, contact
from tinysched.commands.scancel import FAILURE, NAME
from tinysched.host.clock import SystemClock
from tinysched.site import Site
from tinysched.wire.client import Reply

# Slurm gives a job as long to start before it gives up sending it a signal.
PATIENCE_S = 95.0
EXIT_NOT_NOW = 228
PAUSE_S = 1.0


def go_on(site: Site, argv: Sequence[str], reply: Reply) -> int:
    """Answers the dispatcher's questions, and repeats the order; gives the exit code."""
    code = asking.deliver(site, NAME, reply)
    if "questions" in reply.values:
        chosen = _agreed(reply.values["questions"])
        if not chosen:
            return code
        reply = _ask(site, argv, chosen)
        code = asking.deliver(site, NAME, reply) or code
    left_s = PATIENCE_S
    while "again" in reply.values and left_s > 0:
        SystemClock().sleep(PAUSE_S)
        left_s -= PAUSE_S
        reply = _ask(site, argv, reply.values["again"].splitlines())
        code = reply.exit_code or code
        console.say(reply.err, 2)
    if "again" not in reply.values:
        return code
    console.say(reply.values["late"], 2)
    return EXIT_NOT_NOW


def _ask(site: Site, argv: Sequence[str], chosen: Sequence[bytes]) -> Reply:
    return contact.ask(site, NAME, argv, FAILURE, [("chosen", name) for name in chosen])


def _agreed(questions: bytes) -> Sequence[bytes]:
    """The names of those that the user says yes to; the end of the input is a no to all."""
    agreed = []
    for line in questions.splitlines():
        name, _, question = line.partition(b"\t")
        answer = _answer(question)
        if answer == "":
            break
        if answer == "y":
            agreed.append(name)
    return agreed


def _answer(question: bytes) -> str:
    """`y`, `n`, or '' where nobody answers."""
    while True:
        console.say(question)
        line = sys.stdin.readline()
        letter = line.strip()[:1].lower()
        if not line or letter in ("y", "n"):
            return letter
