"""`salloc --no-shell`: cores that nobody sits before, held until they are cancelled or used up.

Part of the foreground client, which goes as soon as they are there.
"""

from __future__ import annotations

from tinysched.host.clock import Clock
from tinysched.programs.line import SAY_S, Line
from tinysched.site import Site
from tinysched.wire import client
from tinysched.wire.client import Reply

FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 1.0
RESTART_S = 30.0


def hold(site: Site, clock: Clock, line: Line) -> int:
    """Waits for the cores; the exit code. Raises: TryLaterError."""
    manners, number = line.manners, line.number
    began_at, pause_s, has_said = clock.boottime(), FIRST_PAUSE_S, False
    while True:
        state = _ask(site, "squeue", "-h", "-t", "all", "-j", number, "-o", "%T").out.decode()
        waited_s = clock.boottime() - began_at
        is_late = manners.give_up_s is not None and waited_s >= manners.give_up_s
        if state.strip() == "RUNNING":
            manners.begins(number, has_waited=has_said)
            return 0
        if state.strip() not in ("PENDING", "CONFIGURING"):
            return manners.revoked(number)
        if line.signals or is_late:
            _ask(site, "scancel", number)
            if line.signals:
                return manners.interrupted(number, line.signals[0])
            return manners.gives_up(line.waits)
        if waited_s >= SAY_S and not has_said:
            manners.waits(number, line.waits)
            has_said = True
        line.poll(pause_s)
        pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)


def _ask(site: Site, command: str, *words: str) -> Reply:
    fields = [("command", command.encode())]
    fields += [("arg", word.encode()) for word in words]
    return client.ask(site, command, fields, RESTART_S)
