"""sstat: what the steps of running jobs take just now, as Slurm tells it.

The dispatcher names their processes; these are looked at here, with the caller's rights.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tinysched.commands import asking, console, contact
from tinysched.errors import EXIT_DONE, VerbatimError, WireError
from tinysched.host import consumption, cores, tree
from tinysched.job.usage import Usage
from tinysched.report.slurm import sstat as report
from tinysched.report.slurm.amounts import Amounts
from tinysched.report.slurm.parts import BATCH
from tinysched.report.slurm.sstat import Live, Seen
from tinysched.script.slurm import sstat as script
from tinysched.site import Site

NAME = "sstat"
FAILURE = "sstat: error: "
# As a worker calls itself: `ts 42_7.1`.
_WORKER = re.compile(r" ts \d")


def main(site: Site, argv: list[str]) -> int:
    """Prints a line for each step; what cannot be told is told on stderr."""
    text = _manual(argv)
    if text is not None:
        console.say(text.encode())
        return EXIT_DONE
    asked = script.read(argv)
    said = report.check(asked)
    if said is not None:
        code, out, err = said
        console.say(out.encode())
        console.say(err.encode(), 2)
        return code
    reply = contact.ask(site, NAME, argv, FAILURE)
    code = asking.deliver(site, NAME, reply)
    if code != EXIT_DONE:
        return code
    try:
        found = report.unpack(reply.values.get("steps", b""))
    except ValueError:
        raise WireError("cannot read the dispatcher's answer: it is no list of steps") from None
    amounts = Amounts(keeps_units=asked.style.keeps_units)
    seen = [_look(one, amounts) for one in found if isinstance(one, Live)]
    console.say(report.render(asked, seen).encode("utf-8", "backslashreplace"))
    told = "".join(f"{FAILURE}{one}\n" for one in found if isinstance(one, str))
    console.say(told.encode(), 2)
    return EXIT_DONE


def _manual(argv: Sequence[str]) -> str | None:
    from tinysched.commands import manual
    from tinysched.commands.manuals import SSTAT

    try:
        return manual.asked(SSTAT, list(argv))
    except VerbatimError:  # there are other words for it
        return None


def _look(live: Live, amounts: Amounts) -> Seen:
    """A step as it is now, task by task."""
    tasks = [_members(live, pid) for pid in live.pids]
    each = [_usage(pids) for pids in tasks] or [Usage()]
    pids = tuple(pid for members in tasks for pid in members)
    taken = [consumption.spent(pid) for pid in (*pids, *_workers(live))]
    return Seen(
        live=live,
        largest=max(each, key=lambda usage: usage.peak_memory_kib),
        average=_average(each),
        cpu_s=sum(one.user_s + one.system_s for one in taken),
        pids=pids,
        host=cores.short_hostname(),
        amounts=amounts,
    )


def _members(live: Live, pid: int) -> list[int]:
    """A task and all below it; a script's orphans are below its worker."""
    if tree.has_ended(pid):
        return []
    worker = _worker_of(live, pid)
    if worker is not None:
        return tree.descendants(worker, live.spared)
    return [pid, *tree.descendants(pid, live.spared)]


def _workers(live: Live) -> list[int]:
    """Who has reaped what ended of a script: it counts what that took."""
    return [worker for pid in live.pids if (worker := _worker_of(live, pid)) is not None]


def _worker_of(live: Live, pid: int) -> int | None:
    """The worker above a script; None: it was killed, or this is no script."""
    worker = tree.parent(pid) if live.step == BATCH else None
    names = () if worker is None else tree.describe((worker,))
    is_worker = any(_WORKER.search(name) for name in names)
    return worker if is_worker else None


def _usage(pids: Sequence[int]) -> Usage:
    resident, mapped = consumption.memory_kib(pids)
    passed = [consumption.disk_bytes(pid) for pid in pids]
    highest = max((consumption.highest_kib(pid) for pid in pids), default=0)
    return Usage(
        peak_memory_kib=max(resident, highest),
        peak_virtual_kib=mapped,
        read_bytes=sum(read for read, _ in passed),
        written_bytes=sum(written for _, written in passed),
    )


def _average(each: Sequence[Usage]) -> Usage:
    count = len(each)
    return Usage(
        peak_memory_kib=sum(one.peak_memory_kib for one in each) // count,
        peak_virtual_kib=sum(one.peak_virtual_kib for one in each) // count,
        read_bytes=sum(one.read_bytes for one in each) // count,
        written_bytes=sum(one.written_bytes for one in each) // count,
    )
