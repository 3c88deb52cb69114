"""What a job will have of its agent, rather than of the shell that it is submitted from.

The kernel lets nobody but root give a process another group or a higher limit, so that all of a
user's jobs have those of the user's agent. Whoever submits from a different shell is told.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass

from tinysched.host import identity, limits
from tinysched.job.ranges import Ranges

CURE = "'tsagent restart' makes an agent like this shell"
NICE_CURE = "'tsagent restart' in a shell that is not niced mends that"
# The limit that a process needs to take the nice value 0; see getrlimit(2).
NICE_0 = 20

_LIMITS = {
    resource.RLIMIT_CPU: "cpu time (ulimit -t)",
    resource.RLIMIT_FSIZE: "file size (ulimit -f)",
    resource.RLIMIT_DATA: "data (ulimit -d)",
    resource.RLIMIT_STACK: "stack (ulimit -s)",
    resource.RLIMIT_CORE: "core file size (ulimit -c)",
    resource.RLIMIT_RSS: "resident memory (ulimit -m)",
    resource.RLIMIT_NPROC: "processes (ulimit -u)",
    resource.RLIMIT_NOFILE: "open files (ulimit -n)",
    resource.RLIMIT_MEMLOCK: "locked memory (ulimit -l)",
    resource.RLIMIT_AS: "address space (ulimit -v)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Facts of a shell, as host.agent_start.shell_facts gives them."""

    nice: int
    gid: int
    groups: frozenset[int]
    cores: frozenset[int]
    limits: Mapping[int, tuple[int, int]]

    @classmethod
    def read(cls, facts: bytes) -> Shell:
        """Raises: ValueError if these are no such facts."""
        nice, gid, groups, cores, *rest = facts.decode(errors="replace").split("\n")
        return cls(
            nice=int(_after(nice, "nice")),
            gid=int(_after(gid, "gid")),
            groups=frozenset(map(int, _after(groups, "groups").split())),
            cores=frozenset(map(int, _after(cores, "cores").split())),
            limits=limits.parse("\n".join(rest)),
        )


def notice(mine: bytes, theirs: bytes) -> str:
    """One line on what jobs will not have as this shell has it; '' if there is nothing."""
    try:
        shell, agent = Shell.read(mine), Shell.read(theirs)
    except ValueError:
        return ""  # an agent of another version
    differences = [*_groups(shell, agent), *_limits(shell, agent)]
    if shell.cores - agent.cores:
        cores, others = (Ranges.of(sorted(one.cores)) for one in (agent, shell))
        differences.append(f"cores {cores} instead of {others}")
    if agent.nice:
        differences.append(f"nice {agent.nice} instead of 0")
    if not differences:
        return ""
    cure = CURE if shell.nice == 0 or not agent.nice else f"{CURE}, if it is not niced"
    return f"your jobs run as your agent does: {', '.join(differences)}; {cure}"


def notice_of_start(mine: bytes) -> str:
    """One line on what an agent that starts from this shell cannot be rid of; '' if nothing."""
    shell = Shell.read(mine)
    may_be_0 = os.geteuid() == 0 or _reaches(shell.limits.get(resource.RLIMIT_NICE), NICE_0)
    if shell.nice <= 0 or may_be_0:
        return ""
    return f"your agent starts from this shell, so your jobs run at nice {shell.nice}; {NICE_CURE}"


def _after(line: str, name: str) -> str:
    if not line.startswith(f"{name} "):
        raise ValueError(line)
    return line.removeprefix(f"{name} ")


def _reaches(limit: tuple[int, int] | None, wanted: int) -> bool:
    return limit is not None and (limit[1] >= wanted or limit[1] == resource.RLIM_INFINITY)


def _groups(shell: Shell, agent: Shell) -> list[str]:
    found = []
    if shell.gid != agent.gid:
        found.append(f"group {_name(agent.gid)} instead of {_name(shell.gid)}")
    missing = sorted((shell.groups | {shell.gid}) - agent.groups - {agent.gid, shell.gid})
    extra = sorted((agent.groups | {agent.gid}) - shell.groups - {agent.gid, shell.gid})
    if missing:
        found.append(f"without group {' '.join(map(_name, missing))}")
    if extra:
        found.append(f"with group {' '.join(map(_name, extra))}")
    return found


def _name(gid: int) -> str:
    return identity.group_name(gid)


def _limits(shell: Shell, agent: Shell) -> list[str]:
    """Those that the agent has lower: lower ones of the shell are set for its jobs."""
    return [
        f"{words} at most {hard} instead of {_shown(shell.limits[number][1])}"
        for number, words in _LIMITS.items()
        if number in agent.limits and number in shell.limits
        for hard in [agent.limits[number][1]]
        if hard != resource.RLIM_INFINITY and not _is_within(shell.limits[number][1], hard)
    ]


def _is_within(limit: int, most: int) -> bool:
    return limit != resource.RLIM_INFINITY and limit <= most


def _shown(limit: int) -> str:
    return "unlimited" if limit == resource.RLIM_INFINITY else str(limit)
