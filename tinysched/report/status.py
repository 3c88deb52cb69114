"""What `tsdaemon status` prints: how the dispatcher does."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from tinysched.job.quantities import format_elapsed
from tinysched.report.text import visible

# What helps a record that lies in quarantine.
CURE = (
    "mend it where it lies now, then 'tsdaemon restart'; unfinished jobs come back by their owners'"
    " agents, those that waited held; or remove it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A dispatcher's view of itself.

    `cores_used` of `cores_total` are taken. `jobs` counts jobs and tasks by state (a state of
    tsqueue), `agents` the connected users. `config_errors` are the complaints about the file as it
    stands now; while there are some, an older configuration is in force. `quarantined` names the
    files that could not be read. `others_agents` counts agents whose users must not be named.
    `agents_refused`: users whose agents are of another version, and what is to be said of each.
    """

    pid: int
    uptime_s: float
    version: str
    root: str
    cores_used: int
    cores_total: int
    jobs: Mapping[str, int] = field(default_factory=dict)
    agents: Sequence[str] = ()
    agents_missing: Collection[str] = ()
    config_file: str = ""
    config_errors: Sequence[str] = ()
    quarantined: Sequence[str] = ()
    others_agents: int = 0
    agents_refused: Mapping[str, str] = field(default_factory=dict)


def without_names(status: Status, me: str) -> Status:
    """The same for somebody who may know nobody's name but their own."""
    return replace(
        status,
        agents=[user for user in status.agents if user == me],
        agents_missing=[user for user in status.agents_missing if user == me],
        others_agents=sum(user != me for user in status.agents),
        config_errors=status.config_errors and ("the dispatcher's log tells",),
        quarantined=(),
        agents_refused={u: words for u, words in status.agents_refused.items() if u == me},
    )


def render(status: Status) -> str:
    """A line for each thing worth knowing, `key: value`; troubles come last, one a line."""
    jobs = ", ".join(f"{count} {state}" for state, count in status.jobs.items() if count)
    lines = [
        ("state", "running"),
        ("pid", str(status.pid)),
        ("uptime", format_elapsed(int(status.uptime_s))),
        ("version", status.version),
        ("root", status.root),
        ("cores", f"{status.cores_used} of {status.cores_total} taken"),
        ("jobs", jobs or "none"),
        ("agents", _agents(status)),
        ("config", status.config_file or "none; all defaults"),
    ]
    lines += [("agent missing", user) for user in sorted(status.agents_missing)]
    lines += [
        ("agent refused", f"{user}: {words}")
        for user, words in sorted(status.agents_refused.items())
    ]
    lines += [("config error", error) for error in status.config_errors]
    if status.config_errors:
        lines.append(("config error", "the configuration read before stays in force"))
    lines += [("quarantined", path) for path in status.quarantined]
    if status.quarantined:
        lines.append(("cure", CURE))
    wide = max(len(key) for key, _ in lines) + 1
    return "".join(f"{key + ':':<{wide}} {visible(value)}\n" for key, value in lines)


def _agents(status: Status) -> str:
    others = f"{status.others_agents} of others" if status.others_agents else ""
    return ", ".join(filter(None, [*sorted(status.agents), others])) or "none"


def render_json(status: Status) -> str:
    """The same for programs: one object, whose fields stay from release to release."""
    values = asdict(status) | {
        "state": "running",
        "agents": sorted(status.agents),
        "agents_missing": sorted(status.agents_missing),
    }
    return json.dumps(values, sort_keys=True) + "\n"
