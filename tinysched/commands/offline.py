"""The queue without a dispatcher: what the spool says, read with the caller's own rights."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tinysched import config
from tinysched.commands import console
from tinysched.errors import ConfigError, RefusedError, SpoolError, TryLaterError
from tinysched.host import cores, identity
from tinysched.host.clock import SystemClock
from tinysched.job.model import Hold, Job, Reason, Task, Unit
from tinysched.job.queries import Filter, Selector
from tinysched.job.selecting import unknown
from tinysched.job.snapshot import Snapshot
from tinysched.report import story as report
from tinysched.report import tsout, tsqueue
from tinysched.report.place import Place
from tinysched.script import queries, stories
from tinysched.site import Site
from tinysched.spool import store

_HELD = {Hold.USER: "JobHeldUser", Hold.ADMIN: "JobHeldAdmin", Hold.DAMAGE: "JobRebuilt"}
_LIVE = frozenset({"PENDING", "RUNNING", "SUSPENDED", "COMPLETING"})


def queue(site: Site, argv: list[str], nobody: TryLaterError) -> str:
    """The listing that a command line of tsqueue asks for.

    `nobody`: why the dispatcher did not answer; raised again if the spool cannot be read either.
    Raises: UsageError, RefusedError, TryLaterError.
    """
    query = queries.queue(argv, me=identity.user_name(os.getuid()))
    old_ones = query.everything or _asks_for_ended(query.filter)
    snapshot = _snapshot(site, query.filter.selectors, nobody, old_ones=old_ones, speaker="tsqueue")
    return tsqueue.render(query, snapshot, _place())


def out(
    site: Site, argv: list[str], nobody: TryLaterError, *, says_so: bool
) -> list[tsout.OutFile]:
    """The files of the jobs that a command line of tsout names.

    Raises: UsageError, RefusedError, TryLaterError.
    """
    query = queries.out(argv)
    speaker = "tsout" if says_so else ""
    snapshot = _snapshot(site, query.selectors, nobody, old_ones=False, speaker=speaker)
    return tsout.files(query.selectors, snapshot, _place())


def story(site: Site, argv: Sequence[str], nobody: TryLaterError) -> str:
    """What `tsctl why` and `tsctl history` tell.

    Raises: UsageError, RefusedError, TryLaterError.
    """
    query = stories.read(argv)
    snapshot = _snapshot(site, query.selectors, nobody, old_ones=False, speaker="tsctl")
    return report.render(query, snapshot, _place())


def _snapshot(
    site: Site,
    selectors: Sequence[Selector] | None,
    nobody: TryLaterError,
    *,
    old_ones: bool,
    speaker: str,
) -> Snapshot:
    """What lives and what ended lately, the jobs that are named, or all (`old_ones`).

    `speaker`: the command that says where this comes from ('': nobody does).
    """
    settings = _settings(site)
    now = SystemClock().wall()
    try:
        if settings.privacy == "private" and os.getuid() not in (0, os.stat(site.root).st_uid):
            return _own_snapshot(site, selectors or (), settings, speaker)
        loaded = store.read_only(site.root, 0.0 if old_ones else now - settings.min_job_age_s)
        jobs = {job.id: job for job in loaded.jobs}
        tasks = list(loaded.tasks)
        for number in {selector.number for selector in selectors or ()} - jobs.keys():
            found = store.find_only(site.root, number)
            if found is not None:
                jobs[number] = found[0]
                tasks += found[1]
    except (SpoolError, OSError):
        raise nobody from None
    _say_so(speaker, "the spool", loaded.quarantined)
    snapshot = _made(sorted(jobs.values(), key=lambda job: job.id), tasks, settings)
    _check_known(selectors or (), snapshot)
    return snapshot


def _own_snapshot(
    site: Site, selectors: Sequence[Selector], settings: config.Config, speaker: str
) -> Snapshot:
    """What the caller's own directory says."""
    from tinysched.commands import ownqueue

    jobs, tasks = ownqueue.read(site.root, os.getuid(), SystemClock())
    _say_so(speaker, "your own directory", ())
    snapshot = _made(jobs, tasks, settings)
    _check_known(selectors, snapshot)
    return snapshot


def _made(jobs: Sequence[Job], tasks: Sequence[Task], settings: config.Config) -> Snapshot:
    return Snapshot(
        now=SystemClock().wall(),
        jobs=jobs,
        units=_by_job(tasks),
        explain=_explain,
        cores_total=config.allowed_cores(settings, cores.usable_cores()),
        offline=True,
    )


def _settings(site: Site) -> config.Config:
    try:
        return config.load(f"{site.root}/config.yaml")
    except (ConfigError, OSError):
        return config.Config()  # good enough to look at a queue


def _by_job(tasks: Sequence[Task]) -> dict[int, list[Unit]]:
    units: dict[int, list[Unit]] = {}
    for task in sorted(tasks, key=lambda task: task.unit.id.task or 0):
        units.setdefault(task.job.id, []).append(task.unit)
    return units


def _asks_for_ended(wanted: Filter) -> bool:
    return wanted.states is not None and not wanted.states <= _LIVE


def _explain(job: Job) -> Reason:
    """All that can be known of a waiting job while nobody decides about it."""
    if job.hold is None:
        return Reason(name="NoDispatcher", words="starts when a dispatcher runs")
    return Reason(name=_HELD[job.hold])


def _check_known(selectors: Sequence[Selector], snapshot: Snapshot) -> None:
    jobs = {job.id: job for job in snapshot.jobs}
    raw_ids = {unit.raw_id for units in snapshot.units.values() for unit in units}
    strangers = unknown(selectors, jobs, raw_ids)
    if strangers:
        raise RefusedError(f"cannot find job {', '.join(strangers)}: the spool has no record of it")


def _say_so(speaker: str, source: str, unread: Sequence[str]) -> None:
    if not speaker:
        return
    console.say_error(f"{speaker}: no dispatcher answers; this is what {source} says\n")
    if unread:
        words = f"{len(unread)} of its records cannot be read, such as: {unread[0]}"
        console.say_error(f"{speaker}: {words}\n")


def _place() -> Place:
    return Place(host=cores.short_hostname(), utc_offset_s=SystemClock().utc_offset_s)
