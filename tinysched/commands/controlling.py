"""What scontrol does at its user's end: lists of hosts, files, waiting, and a conversation."""

from __future__ import annotations

import os
import posix
import shlex
import sys
from collections.abc import Sequence

from tinysched.commands import asking, console, manual, scontrol
from tinysched.commands.manuals import SCONTROL
from tinysched.errors import VerbatimError
from tinysched.host.clock import SystemClock
from tinysched.host.cores import short_hostname
from tinysched.job.controlling import Control
from tinysched.script.slurm import filters, hostlist
from tinysched.script.slurm import scontrol as script
from tinysched.script.slurm.version import TEXT
from tinysched.site import Site

PROMPT = b"scontrol: "
_FLAGS = {
    "all": "--all",
    "details": "--details",
    "hide": "--hide",
    "oneliner": "--oneliner",
    "quiet": "--quiet",
    "verbose": "--verbose",
}
_DOWN = """\
*****************************************
** RESTORE SLURMCTLD DAEMON TO SERVICE **
*****************************************
"""
_MODE = 0o700
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 1.0


def obey(site: Site, argv: Sequence[str]) -> int:
    """One order that is not the dispatcher's alone. Raises: VerbatimError."""
    order = script.read(argv)
    match order.keyword:
        case "help":
            console.say(manual.help_text(SCONTROL).encode())
        case "version":
            console.say(TEXT.encode())
        case "errnumstr":
            number = filters.leading_number(order.words[0]) or 0
            console.say(f"{os.strerror(number)}\n".encode())
        case "ping":
            return _ping(site, argv)
        case "wait_job":
            return _wait(site, argv)
        case "write":
            return _write(site, argv, order)
        case "show":
            return _hosts(order)
        case _:  # a setting that holds for nothing but this order
            pass
    return 0


def converse(site: Site, flags: Sequence[str]) -> int:
    """Obeys each line of stdin until it says exit."""
    script.read(flags)  # mistakes in them are told at once
    flags, code = list(flags), 0
    last: list[str] = []
    while True:
        console.say(PROMPT)
        line = sys.stdin.readline()
        if not sys.stdin.isatty():
            console.say(line.encode(errors="surrogateescape"))  # so that the answers stand apart
        if not line:
            console.say(b"\n")
            return code
        try:
            words = shlex.split(line)
        except ValueError as error:
            console.say_error(f"scontrol: error: cannot read the line: {error}\n")
            code = 1
            continue
        if not words:
            continue
        words = last if words == ["!!"] else words
        last = words
        keyword = scontrol.keyword(words)
        if keyword in ("exit", "quit"):
            return code
        if keyword in _FLAGS:
            flags.append(_FLAGS[keyword])
            continue
        code = _one(site, [*flags, *words]) or code


def _one(site: Site, argv: Sequence[str]) -> int:
    try:
        return scontrol.obey(site, argv, [word for word in argv if word[:1] != "-"])
    except VerbatimError as error:
        console.say_error(error.text)
        return error.exit_code


def _ping(site: Site, argv: Sequence[str]) -> int:
    try:
        return asking.deliver(site, scontrol.NAME, scontrol.ask(site, argv, ["ping"]))
    except VerbatimError:
        console.say(f"Slurmctld(primary) at {short_hostname()} is DOWN\n{_DOWN}".encode())
        return 1


def _wait(site: Site, argv: Sequence[str]) -> int:
    """Asks again and again whether a job has started, or is over."""
    pause_s = _FIRST_PAUSE_S
    while True:
        reply = scontrol.ask(site, argv, ["wait_job"])
        if "again" not in reply.values:
            return asking.deliver(site, scontrol.NAME, reply)
        SystemClock().sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _write(site: Site, argv: Sequence[str], order: Control) -> int:
    """Writes the script of a job into a file, or to stdout."""
    reply = scontrol.ask(site, argv, ["write"])
    text = reply.values.get("script")
    if text is None:
        return asking.deliver(site, scontrol.NAME, reply)
    job = order.words[1]
    path = order.words[2] if len(order.words) > 2 else f"slurm-{job}.sh"
    if path == "-":
        console.say(text)
        return 0
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE), "wb") as file:
            file.write(text)
    except OSError as error:
        raise VerbatimError(f"failed to open file `{path}`: {error.strerror}\n") from None
    console.say(f"batch script for job {job} written to {path}\n".encode(errors="surrogateescape"))
    return 0


def _surroundings() -> bytes:
    return posix.environ.get(b"SLURM_JOB_NODELIST", b"")


def _hosts(order: Control) -> int:
    """Lists of hosts, folded or unfolded."""
    given = order.name
    if order.entity == "hostnames":
        given = os.fsdecode(_surroundings()) if given is None else given
    if not given and order.entity == "hostnames":
        raise VerbatimError("scontrol: error: host list is empty\n", exit_code=0)
    if not given:
        usage = manual.help_text(SCONTROL)
        raise VerbatimError("invalid encode argument\n", out=usage)
    try:
        names = hostlist.expand(given)
    except ValueError:
        raise VerbatimError(f"Invalid hostlist: {given}\n") from None
    if order.entity == "hostnames":
        text = "".join(f"{name}\n" for name in names)
    else:
        if order.entity == "hostlistsorted":
            names = hostlist.ordered(names)
        text = f"{hostlist.fold(names)}\n"
    console.say(text.encode(errors="surrogateescape"))
    return 0
