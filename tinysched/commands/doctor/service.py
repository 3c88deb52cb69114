"""Whether the queue serves: who may use it, who answers, of which version, and who keeps it so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tinysched.commands.doctor.verdict import Verdict, fail, ok, warn

MOST_APART_S = 2.0
MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `is_member` by this login, `is_registered` by the books of the host."""

    name: str
    group: str
    is_admin: bool
    is_root: bool
    is_member: bool
    is_registered: bool

    @property
    def may_enter(self) -> bool:
        """The queue is open to them."""
        return self.is_admin or self.is_root or self.is_member


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a dispatcher said of itself. `ahead_s`: by how much its clock is ahead of ours.

    `command` is how it was started, () if that cannot be seen; `unit` its service of systemd.
    """

    pid: int
    version: str
    ahead_s: float | None
    config_errors: Sequence[str]
    quarantined: Sequence[str]
    agents: Sequence[str]
    agents_missing: Sequence[str]
    command: Sequence[str]
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nobody answers, or somebody whom nobody should trust. `holder`: who holds its lock.

    `is_lasting`: waiting does not help.
    """

    words: str
    cure: str
    holder: int | None
    is_lasting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    """The caller's agent: `place` is the directory of its version, '' if that cannot be seen."""

    pid: int | None
    place: str
    starts_at_boot: Sequence[str]
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """All of it. `place` and `version` are of the commands that are installed now.

    `config_error`: what is wrong with config.yaml as it is now. `set_aside`: what lies in
    queue/quarantine. `starters`: who starts the dispatcher at boot; None: not known to the caller.
    """

    caller: Caller
    dispatcher: Answer | Silence
    agent: AgentFacts | None
    bin_dir: str
    place: str
    version: str
    config_error: str
    set_aside: Sequence[str]
    starters: Sequence[str] | None


def judge(service: Service) -> list[Verdict]:
    """A line for each thing; to whom the queue is closed, one."""
    verdicts = [_group(service.caller)]
    if not service.caller.may_enter:
        return verdicts
    dispatcher = service.dispatcher
    if isinstance(dispatcher, Silence):
        verdicts.append(_silent(dispatcher))
    else:
        verdicts += [
            ok("dispatcher", f"answers (pid {dispatcher.pid})"),
            _version(dispatcher, service.version),
            _clock(dispatcher.ahead_s),
            _kept(dispatcher),
        ]
    errors = dispatcher.config_errors if isinstance(dispatcher, Answer) else ()
    verdicts += [_config(service.config_error, errors), _quarantine(service)]
    if service.agent is not None:
        verdicts += _agent(service, service.agent)
    if service.starters is not None:
        verdicts.append(_boot(service.starters, service.bin_dir))
    return verdicts


def _group(caller: Caller) -> Verdict:
    what = "group"
    if caller.is_member:
        return ok(what, f"{caller.name} is in {caller.group}, the group of the queue")
    if caller.is_admin or caller.is_root:
        return ok(what, f"{caller.name} needs no group for this queue")
    if caller.is_registered:
        return fail(
            what,
            f"{caller.name} was added to {caller.group}, but this login does not have it yet",
            "log out and in again, or 'newgrp " + caller.group + "'",
        )
    return warn(
        what,
        f"{caller.name} is not in {caller.group}: the queue is closed to you, and most of it could"
        " not be looked at",
        f"ask the queue's admin; as root: usermod -aG {caller.group} {caller.name}; then log in"
        " again",
    )


def _silent(silence: Silence) -> Verdict:
    if silence.holder is not None:
        return fail(
            "dispatcher",
            f"lives (pid {silence.holder}), but cannot be reached: {silence.words}",
            "'tsdaemon restart --supervised'; if that says it was not running, end it first:"
            f" kill {silence.holder}",
        )
    return replace(
        fail("dispatcher", silence.words, silence.cure), is_absence=not silence.is_lasting
    )


def _version(answer: Answer, version: str) -> Verdict:
    if answer.version == version:
        return ok("version", f"dispatcher and commands are both {version}")
    return warn(
        "version",
        f"the dispatcher is still {answer.version}, the commands are {version}",
        "'tsdaemon restart' (the admin); jobs go on",
    )


def _clock(ahead_s: float | None) -> Verdict:
    if ahead_s is None:
        words = "the dispatcher does not tell its time: it is of another version"
        return warn("clock", words, "'tsdaemon restart' (the admin)")
    if abs(ahead_s) <= MOST_APART_S:
        return ok("clock", "the dispatcher's is yours")
    how = "ahead of" if ahead_s > 0 else "behind"
    return warn(
        "clock",
        f"the dispatcher's is {abs(ahead_s):.0f} s {how} yours: times in listings are shifted",
        "is one of you in a container with a clock of its own?",
    )


def _kept(answer: Answer) -> Verdict:
    what = "supervision"
    if "--supervised" in answer.command:
        return ok(what, "supervisord starts the dispatcher again whenever it ends")
    if answer.unit:
        return ok(what, f"systemd keeps the dispatcher running ({answer.unit})")
    if not answer.command:
        return ok(what, "who keeps the dispatcher running cannot be seen")
    return warn(
        what,
        "nobody starts the dispatcher again if it ends",
        "'tsdaemon restart --supervised' (the admin); jobs go on",
    )


def _config(error: str, in_force: Sequence[str]) -> Verdict:
    said = error or "; ".join(in_force)
    if not said:
        return ok("configuration", "can be used")
    words = "an older one is in force" if in_force else "the dispatcher would not start with it"
    return fail("configuration", f"{said}; {words}", "correct config.yaml, then 'tsdaemon reload'")


def _quarantine(service: Service) -> Verdict:
    what = "quarantine"
    told = service.dispatcher.quarantined if isinstance(service.dispatcher, Answer) else ()
    if not service.set_aside and not told:
        return ok(what, "every record could be read")
    named = [*service.set_aside[:MOST_NAMED]] or [*told[:MOST_NAMED]]
    count = len(service.set_aside) or len(told)
    more = f" and {count - len(named)} more" if count > len(named) else ""
    return warn(
        what,
        f"could not be read, or was put right: {', '.join(named)}{more}",
        "'tsdaemon status' tells why; mend it where it lies now, 'tsdaemon restart'; or remove it",
    )


def _agent(service: Service, agent: AgentFacts) -> list[Verdict]:
    return [_agent_now(service, agent), _agent_at_boot(agent)]


def _agent_now(service: Service, agent: AgentFacts) -> Verdict:
    what, me = "agent", service.caller.name
    answer = service.dispatcher if isinstance(service.dispatcher, Answer) else None
    if agent.trouble:
        return fail(what, agent.trouble, "ask the queue's admin")
    if agent.pid is None:
        if answer is not None and me in answer.agents_missing:
            return warn(what, "your jobs wait for it", "'tsagent start'")
        return ok(what, "none runs; it starts with your first job")
    if answer is not None and me not in answer.agents:
        words = f"yours (pid {agent.pid}) is not connected to the dispatcher"
        return warn(what, words, "look into its log; 'tsagent restart' replaces it, jobs go on")
    if agent.place and service.place and agent.place != service.place:
        return warn(
            what,
            f"yours (pid {agent.pid}) is of an older installation, {agent.place}",
            "'tsagent restart' replaces it, jobs go on",
        )
    return ok(what, f"yours runs (pid {agent.pid})")


def _agent_at_boot(agent: AgentFacts) -> Verdict:
    what = "agent at boot"
    if agent.starts_at_boot:
        return ok(what, f"started by {' and '.join(agent.starts_at_boot)}")
    return warn(
        what,
        "after a reboot your waiting jobs wait for your next ts command",
        "'tsagent enable' has it started at boot",
    )


def _boot(starters: Sequence[str], bin_dir: str) -> Verdict:
    what = "dispatcher at boot"
    if starters:
        return ok(what, f"started by {', '.join(starters)}")
    return warn(
        what,
        "nobody starts the dispatcher after a reboot",
        f"add to your crontab (crontab -e): @reboot {bin_dir}/tsdaemon start --supervised",
    )
