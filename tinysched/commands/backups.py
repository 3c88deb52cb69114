"""tsctl backup and tsctl restore: the queue's state in one file, and back."""

from __future__ import annotations

import os
from contextlib import suppress

from tinysched.commands import asking
from tinysched.commands.lifetime import act_as_admin
from tinysched.config import load
from tinysched.errors import RefusedError, SpoolError, TinyschedError, TryLaterError
from tinysched.host.clock import SystemClock
from tinysched.site import Site
from tinysched.spool import backup, restoring

NAME = "tsctl"
NOT_IN_IT = (
    "users/ is not in it: what a job runs is its owner's own. A job that waits in the file can"
    " start after a restore if its owner's request is still there."
)


def make(site: Site, path: str) -> str:
    """Writes the file; says what is in it.

    Raises: TinyschedError.
    """
    act_as_admin(site, "back up")
    target = os.path.abspath(path)
    if target.startswith(f"{os.path.realpath(site.root)}/"):
        raise RefusedError(f"cannot write {target}: it would lie in the queue that it is to save")
    now = SystemClock().wall()
    try:
        asking.ask(site, NAME, "status", [])
    except TryLaterError:
        _empty_journal(site)
        with _alone(site, "back up"):
            count = backup.write(site.root, target, now, None)
    else:
        count = backup.write(site.root, target, now, lambda: _freeze(site))
    return f"wrote {target}: {count} records\n{NOT_IN_IT}\n"


def _freeze(site: Site) -> backup.Frozen:
    reply = asking.ask(site, NAME, "freeze", [])
    if reply.exit_code or "path" not in reply.values:
        raise RefusedError(reply.err.decode().rpartition("error: ")[2].strip() or "no answer")
    last_id = int(reply.values["last_id"])
    return backup.Frozen(path=os.fsdecode(reply.values["path"]), last_id=last_id)


def put_back(site: Site, path: str, *, force: bool) -> str:
    """Replaces the queue by what is in the file; says what came of it.

    Raises: TinyschedError.
    """
    act_as_admin(site, "restore")
    with suppress(TinyschedError):  # what cannot be mended is about to be replaced
        _empty_journal(site)
    with _alone(site, "restore"):
        done = restoring.restore(site.root, path, SystemClock().wall(), force=force)
    lines = [f"restored {done.jobs} jobs; the next one gets a number above {done.last_id}"]
    if done.aside:
        lines.append(f"what was there before is in {done.aside}")
    if done.kept:
        lines.append(f"kept {done.kept} records of what runs now")
    lines.append("'tsdaemon start' goes on with it; what no agent has any more ends as lost")
    return "\n".join(lines) + "\n"


def _empty_journal(site: Site) -> None:
    """What a dispatcher that was killed had recorded goes to its files.

    Raises: TinyschedError.
    """
    config = load(f"{site.root}/config.yaml", {})
    backup.empty_journal(site.root, is_private=config.privacy == "private")


def _alone(site: Site, verb: str) -> backup.Alone:
    try:
        return backup.Alone(site.root)
    except SpoolError as error:
        raise RefusedError(
            f"cannot {verb} the queue in {site.root}: {error.sentence}", "'tsdaemon stop' first"
        ) from None
