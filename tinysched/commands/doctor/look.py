"""Gathers what the doctor judges; what the caller may not see is left out."""

from __future__ import annotations

import json
import os
import sys

import tinysched
from tinysched import __version__, config
from tinysched.commands import asking, persistence
from tinysched.commands.doctor import machine, places, programs, service
from tinysched.errors import ConfigError, SpoolError, TinyschedError, TryLaterError, WireError
from tinysched.host import access, boot, identity, processes, surroundings
from tinysched.host.clock import Clock
from tinysched.site import Site
from tinysched.spool.private import Private
from tinysched.spool.survey import Survey, lock_holder, survey

DAEMONS = ("tsdaemon", "tiny_sched_daemon")
NAME = "tsctl"


def at_places(site: Site) -> tuple[Survey, list[access.AccessList], places.Books]:
    """Everything below the root.

    Raises: SpoolError if there is no root.
    """
    seen = survey(site.root)
    lists = [access.access_list(f"{site.root}/{found.path}") for found in seen.found]
    books = places.Books(
        root=site.root,
        admin_uid=_admin_uid(site),
        gid=seen.found[0].gid,
        user_name=identity.user_name,
        group_name=identity.group_name,
    )
    return seen, [found for found in lists if found is not None], books


def at_programs(site: Site) -> programs.Programs:
    """What everybody runs: commands, modules, interpreter; and the directories above them."""
    trusted = frozenset({0, _admin_uid(site), *_installer(site)})
    package = os.path.dirname(os.path.abspath(tinysched.__file__))
    others = [path for path in sys.path if path.endswith("-packages") and os.path.isdir(path)]
    launchers = os.path.dirname(os.path.realpath(f"{site.bin_dir}/{NAME}"))
    tops = [site.bin_dir, launchers, package, *others]
    above = [*tops, sys.executable, site.root, f"{site.root}/lock"]
    return programs.Programs(
        above=[spot for top in above for spot in access.chain(top, trusted)],
        below=[spot for top in tops for spot in access.below(os.path.realpath(top), trusted)],
        trusted=trusted,
        tops=frozenset(map(os.path.realpath, [site.bin_dir, package, *others, site.root])),
        secured=_secured(site, os.path.dirname(os.path.dirname(os.path.dirname(launchers)))),
    )


def _secured(site: Site, prefix: str) -> programs.Secured | None:
    """What the installer wrote down; None: it was not asked for --secure-acl."""
    try:
        with open(f"{prefix}/install.json", encoding="utf-8") as file:
            chosen = json.load(file)
    except (OSError, ValueError):
        return None
    if not isinstance(chosen, dict) or not chosen.get("secure_acl"):
        return None
    admin = identity.user_name(_admin_uid(site))
    is_theirs = os.stat(prefix).st_uid == _admin_uid(site)
    found = access.access_list(prefix)
    return programs.Secured(
        prefix=prefix,
        admin="" if is_theirs else admin,
        lists_admin=found is not None and f"user {admin}: rwx" in found.entries,
    )


def at_machine(site: Site) -> machine.Machine:
    """The host."""
    mounts = surroundings.mounts()
    uid = os.getuid()
    wanted = (
        ("root", site.root),
        ("your requests", f"{site.root}/users/u{uid}"),
        ("your home", identity.home_of_caller()),
    )
    rooms = [(what, surroundings.room(path)) for what, path in wanted]
    return machine.Machine(
        root_mount=surroundings.mount_of(site.root, mounts),
        rooms=[(what, room) for what, room in rooms if room is not None],
        hidden=surroundings.hidden_processes(mounts),
        lacking=surroundings.lacking_protections(),
        open_files=surroundings.most_open_files(),
        cgroup=surroundings.delegated_cgroup(mounts),
    )


def at_service(site: Site, clock: Clock) -> service.Service:
    """Dispatcher, agent, configuration."""
    caller = _caller(site)
    return service.Service(
        caller=caller,
        dispatcher=_dispatcher(site, clock),
        agent=_agent(site) if caller.may_enter else None,
        bin_dir=site.bin_dir,
        place=_version_place(os.path.realpath(f"{site.bin_dir}/tinysched")),
        version=__version__,
        config_error=_config_error(site),
        set_aside=_set_aside(site),
        starters=boot.starters(DAEMONS) if caller.is_admin else None,
    )


def _admin_uid(site: Site) -> int:
    return os.stat(site.root).st_uid if site.admin_uid is None else site.admin_uid


def _installer(site: Site) -> set[int]:
    """Of a root that TJS_ROOT names, the admin need not be who installed the programs."""
    return set() if site.admin_uid is not None else {os.stat(site.bin_dir).st_uid}


def _caller(site: Site) -> service.Caller:
    uid, gid = os.getuid(), os.stat(site.root).st_gid
    return service.Caller(
        name=identity.user_name(uid),
        group=identity.group_name(gid),
        is_admin=uid == _admin_uid(site),
        is_root=uid == 0,
        is_member=gid in {os.getegid(), *os.getgroups()},
        is_registered=gid in identity.groups_of(uid),
    )


def _dispatcher(site: Site, clock: Clock) -> service.Answer | service.Silence:
    began_at = clock.wall()
    try:
        reply = asking.ask(site, NAME, "status", ["--json"])
        ended_at = clock.wall()
        if reply.exit_code:  # it is of another release
            words, _, cure = reply.err.decode(errors="replace").strip().partition("\n")
            raise WireError(words.rpartition("error: ")[2], cure)
        found = json.loads(reply.out)
        now = reply.values.get("now")
        return service.Answer(
            pid=reply.server_pid,
            version=reply.values.get("version", b"?").decode(),
            ahead_s=None if now is None else float(now) - (began_at + ended_at) / 2,
            config_errors=list(map(str, found["config_errors"])),
            quarantined=list(map(str, found["quarantined"])),
            agents=list(map(str, found["agents"])),
            agents_missing=list(map(str, found["agents_missing"])),
            command=processes.command_line(reply.server_pid),
            unit=surroundings.unit_of(reply.server_pid),
        )
    except TryLaterError as error:
        return _silence(site, error, is_lasting=False)
    except WireError as error:
        return _silence(site, error, is_lasting=True)
    except (ValueError, KeyError, TypeError) as error:
        nonsense = WireError(f"cannot read the dispatcher's answer: {error!r}")
        return _silence(site, nonsense, is_lasting=True)


def _silence(site: Site, error: TinyschedError, *, is_lasting: bool) -> service.Silence:
    try:
        holder = lock_holder(site.root)
    except SpoolError:  # only the admin may know
        holder = None
    return service.Silence(
        words=error.sentence,
        cure=error.cure or "tell the queue's admin",
        holder=holder,
        is_lasting=is_lasting,
    )


def _agent(site: Site) -> service.AgentFacts:
    ways = persistence.ways(site)
    try:
        private = Private.find(site.root, os.getuid())
    except SpoolError as error:
        return service.AgentFacts(pid=None, place="", starts_at_boot=ways, trouble=error.sentence)
    pid = None if private is None else private.agent_pid()
    words = processes.command_line(pid) if pid is not None else []
    place = _version_place(words[0]) if words else ""
    return service.AgentFacts(pid=pid, place=place, starts_at_boot=ways)


def _version_place(path: str) -> str:
    """The directory of a version, of which a program is two levels below."""
    return os.path.dirname(os.path.dirname(path))


def _config_error(site: Site) -> str:
    path = f"{site.root}/config.yaml"
    if not os.access(path, os.R_OK):
        return ""
    try:
        config.load(path)
    except ConfigError as error:
        return error.sentence
    return ""


def _set_aside(site: Site) -> list[str]:
    folder = f"{site.root}/queue/quarantine"
    try:
        return [f"{folder}/{name}" for name in sorted(os.listdir(folder))]
    except OSError:
        return []
