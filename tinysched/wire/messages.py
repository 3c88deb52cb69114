"""What dispatcher, agent and worker say to each other, as frozen values.

An unknown field is ignored, a missing one or an unknown message refused in a sentence.

    agent -> dispatcher   hello, started, steps, lingering, ended, leave, tokens, restated
    dispatcher -> agent   welcome, grant, stop, signal, step, ended-ack, adopt, forget, restate,
                          leave-yes, leave-no
    agent -> worker       stop, signal, step

Whatever changes, two versions can tell each other so: the frame (wire/fields.py), the fields
`protocol` and `version` of whoever speaks first, and the answer `reply` with `exit` and `err` stay
as they are for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tinysched import __version__
from tinysched.errors import NewerError, WireError
from tinysched.job import steps, usage
from tinysched.job.model import Exit, RunId, Step
from tinysched.job.runs import Amendment, Cause, Ending, Grant, Order
from tinysched.job.signals import Reach
from tinysched.wire.channel import Message
from tinysched.wire.fields import PROTOCOL

Fields = list[tuple[str, bytes]]
# No time or duration is larger: seconds since 1970, in the year 8307. Calendars end at 9999.
LATEST = 2e11
# What an agent says about its own job is kept, and shown to everybody: so much of it.
LONGEST_PATH = 8192
LONGEST_WORDS = 1000
MOST_SURVIVORS = 50
LAST_SIGNAL = 64


def greeting(kind: str, runs: list[tuple[RunId, str]]) -> Fields:
    """The hello of an agent: its version and every run it knows, with how far it has come."""
    return [
        ("protocol", b"%d" % PROTOCOL),
        ("version", __version__.encode()),
        ("kind", kind.encode()),
        *(("run", f"{run} {stage}".encode()) for run, stage in runs),
    ]


def check_protocol(message: Message) -> None:
    """Refuses who speaks another protocol.

    Raises: WireError naming both versions; NewerError if it is this end that is too old.
    """
    theirs = _word(message.text("protocol", "0"))
    if theirs == str(PROTOCOL):
        return
    sentence = (
        f"cannot understand protocol {theirs} of version {version_of(message)}:"
        f" this is version {__version__} with protocol {PROTOCOL}"
    )
    if theirs.isdigit() and int(theirs) > PROTOCOL:
        raise NewerError(sentence, "the dispatcher is too old: its admin runs 'tsdaemon restart'")
    raise WireError(sentence, "what spoke is too old: call the command as it is installed now")


def version_of(message: Message) -> str:
    """The version that whoever speaks says of itself, as it can be shown to anybody."""
    return _word(message.text("version", "?"))


def _word(text: str) -> str:
    """As much of what somebody says of a version as a version may be."""
    return "".join(letter for letter in text[:20] if letter.isascii() and letter.isprintable())


def read_runs(message: Message) -> dict[RunId, str]:
    """The runs an agent's hello lists: `alive` or `ended`."""
    runs: dict[RunId, str] = {}
    for line in message.many("run"):
        name, _, stage = line.partition(" ")
        runs[_run(name)] = stage
    return runs


def grant_fields(grant: Grant) -> Fields:
    """A grant, as it goes to the agent."""
    fields: list[tuple[str, object]] = [
        ("run", grant.run),
        ("raw_id", grant.raw_id),
        ("token", grant.token),
        ("cores", grant.cores),
        ("memory_mib", grant.memory_mib),
        ("kill_wait_s", grant.kill_wait_s),
        ("restarts", grant.restarts),
        ("cluster", grant.cluster),
        ("boot_id", grant.boot_id),
        ("memory_per_cpu_mib", grant.memory_per_cpu_mib),
        ("partition", grant.partition),
    ]
    if grant.limit_s is not None:
        fields.append(("limit_s", grant.limit_s))
    return _encode(fields)


def read_grant(message: Message) -> Grant:
    """The grant in a message."""
    has_limit = message.text("limit_s", "") != ""
    has_each = message.text("memory_per_cpu_mib", "") != ""
    return Grant(
        run=_run(message.text("run")),
        raw_id=_int(message, "raw_id"),
        token=message.text("token"),
        cores=_int(message, "cores"),
        memory_mib=_int(message, "memory_mib"),
        limit_s=_int(message, "limit_s") if has_limit else None,
        kill_wait_s=_float(message, "kill_wait_s"),
        restarts=_int(message, "restarts"),
        cluster=message.text("cluster"),
        boot_id=message.text("boot_id", ""),
        memory_per_cpu_mib=_int(message, "memory_per_cpu_mib") if has_each else 0,
        partition=message.text("partition", ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A run has begun: its script's pid, when (UTC, seconds), and its resolved output files."""

    run: RunId
    pid: int
    started_at: float
    output: str
    error: str

    def fields(self) -> Fields:
        """As it goes to the dispatcher."""
        return _encode(
            [
                ("run", self.run),
                ("pid", self.pid),
                ("started_at", self.started_at),
                ("output", self.output),
                ("error", self.error),
            ]
        )

    @classmethod
    def read(cls, message: Message) -> Started:
        """From a message."""
        return cls(
            run=_run(message.text("run")),
            pid=_int(message, "pid"),
            started_at=_float(message, "started_at"),
            output=message.text("output", "")[:LONGEST_PATH],
            error=message.text("error", "")[:LONGEST_PATH],
        )


def ending_fields(ending: Ending) -> Fields:
    """An exit record, as it goes to the dispatcher."""
    fields: list[tuple[str, object]] = [
        ("run", ending.run),
        ("cause", ending.cause.value),
        ("ended_at", ending.ended_at),
        ("elapsed_s", ending.elapsed_s),
        ("cpu_s", ending.cpu_s),
        ("output", ending.output),
        ("error", ending.error),
        ("words", ending.words),
    ]
    if ending.exit is not None:
        fields.append(("exit", ending.exit))
    if ending.started_at is not None:
        fields.append(("started_at", ending.started_at))
    fields += [("survivor", survivor) for survivor in ending.survivors]
    fields += [("step", steps.write(step)) for step in ending.steps]
    fields.append(("usage", usage.write(ending.usage)))
    return _encode(fields)


def read_ending(message: Message) -> Ending:
    """The exit record in a message."""
    has_started = message.text("started_at", "") != ""
    code = message.text("exit", "")
    try:
        return Ending(
            run=_run(message.text("run")),
            cause=Cause(message.text("cause")),
            exit=Exit.parse(code) if code else None,
            started_at=_float(message, "started_at") if has_started else None,
            ended_at=_float(message, "ended_at"),
            elapsed_s=_float(message, "elapsed_s"),
            cpu_s=_float(message, "cpu_s"),
            survivors=tuple(
                text[:LONGEST_WORDS] for text in message.many("survivor")[:MOST_SURVIVORS]
            ),
            output=message.text("output", "")[:LONGEST_PATH],
            error=message.text("error", "")[:LONGEST_PATH],
            words=message.text("words", "")[:LONGEST_WORDS],
            steps=steps.read_all(message.many("step")),
            usage=usage.read(message.text("usage", "")),
        )
    except ValueError as error:
        raise WireError(f"cannot read 'ended': {error}") from None


def lingering_fields(run: RunId, names: tuple[str, ...]) -> Fields:
    """What of a run has outlived KILL."""
    return _encode([("run", run), *(("process", name) for name in names[:MOST_SURVIVORS])])


def read_lingering(message: Message) -> tuple[str, ...]:
    """The processes that have outlived KILL."""
    return tuple(name[:LONGEST_WORDS] for name in message.many("process")[:MOST_SURVIVORS])


def steps_fields(run: RunId, told: Iterable[Step], gone: Iterable[int]) -> Fields:
    """How steps of a run are, and which are not kept any more."""
    fields: list[tuple[str, object]] = [("run", run)]
    fields += [("step", steps.write(step)) for step in told]
    fields += [("gone", number) for number in gone]
    return _encode(fields)


def read_steps(message: Message) -> tuple[tuple[Step, ...], tuple[int, ...]]:
    """What `steps_fields` wrote."""
    told = steps.read_all(message.many("step"))
    gone = tuple(int(text) for text in message.many("gone") if len(text) < 16 and text.isdecimal())
    return told, gone


def stop_fields(run: RunId, *, kill: bool, requeue: bool = False) -> Fields:
    """An order to end a run: TERM first, or KILL at once; `requeue`: to have it run once more."""
    return _encode([("run", run), ("kill", int(kill)), ("requeue", int(requeue))])


def read_stop(message: Message) -> Order:
    """The order in a message."""
    return Order(
        kill=_int(message, "kill") != 0, requeue=message.text("requeue", "0") not in ("", "0")
    )


def signal_fields(run: RunId, signal: int, reach: Reach = Reach.ALL) -> Fields:
    """An order to send one signal to a run's whole tree, or to a part of it."""
    return _encode([("run", run), ("signal", signal), ("reach", reach.value)])


def step_fields(run: RunId, step: int, signal: int | None) -> Fields:
    """An order to send one signal to a step of a run; None: to end it."""
    return _encode([("run", run), ("step", step), ("signal", signal or 0)])


def read_step(message: Message) -> tuple[int, int | None]:
    """The step, and what to send it."""
    return _int(message, "step"), read_signal(message) if _int(message, "signal") else None


def amend_fields(run: RunId, amendment: Amendment) -> Fields:
    """What holds for a run from now on."""
    limit_s = [] if amendment.limit_s is None else [("limit_s", amendment.limit_s)]
    return _encode([("run", run), ("suspended", int(amendment.is_suspended)), *limit_s])


def read_amendment(message: Message) -> Amendment:
    """What holds from now on for the run in a message."""
    has_limit = message.text("limit_s", "") != ""
    return Amendment(
        limit_s=_int(message, "limit_s") if has_limit else None,
        is_suspended=_int(message, "suspended") != 0,
    )


def notice_fields(run: RunId, words: str) -> Fields:
    """Words for the readers of a run's stderr."""
    return _encode([("run", run), ("words", words[:LONGEST_WORDS])])


def read_notice(message: Message) -> str:
    """The words in a message."""
    return message.text("words")[:LONGEST_WORDS]


def run_fields(run: RunId) -> Fields:
    """A message that is about a run and says no more."""
    return _encode([("run", run)])


def read_run(message: Message) -> RunId:
    """The run a message is about."""
    return _run(message.text("run"))


def read_number(message: Message, name: str) -> int:
    """A whole number in a message."""
    return _int(message, name)


def read_signal(message: Message) -> int:
    """The signal in a message."""
    number = _int(message, "signal")
    if not 0 < number <= LAST_SIGNAL:
        raise WireError(f"cannot read '{message.verb}': there is no signal {number}")
    return number


def read_reach(message: Message) -> Reach:
    """Whom the signal in a message is for."""
    try:
        return Reach(message.text("reach", Reach.ALL.value))
    except ValueError as error:
        raise WireError(f"cannot read '{message.verb}': {error}") from None


def _encode(fields: list[tuple[str, object]]) -> Fields:
    return [(name, str(value).encode("utf-8", "surrogateescape")) for name, value in fields]


def _run(text: str) -> RunId:
    try:
        return RunId.parse(text)
    except ValueError as error:
        raise WireError(f"cannot read the name of a run: {error}") from None


def _int(message: Message, name: str) -> int:
    try:
        value = int(message.text(name))
    except ValueError:
        raise WireError(f"cannot read '{message.verb}': '{name}' is no number") from None
    if not -(10**15) < value < 10**15:
        raise WireError(f"cannot read '{message.verb}': '{name}' is out of range")
    return value


def _float(message: Message, name: str) -> float:
    try:
        value = float(message.text(name))
    except ValueError:
        raise WireError(f"cannot read '{message.verb}': '{name}' is no number") from None
    if not 0 <= value < LATEST:
        raise WireError(f"cannot read '{message.verb}': '{name}' is out of range")
    return value
