"""YAML and environment into one frozen Config; each key carries its meaning, range and default.

An admin's mistake must never stop a queue that runs, so every failure names the key, the value, the
line and what would do, and whoever reloads keeps the former Config.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from tinysched import accepts, entries, partitions
from tinysched.accepts import Accepts, Value
from tinysched.entries import Entry
from tinysched.errors import ConfigError
from tinysched.partitions import Partition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    Default = TypeVar("Default")

MOST_BYTES = 256 * 1024
_WHOLE = 10**15  # a float keeps so many digits of what was written
Apart = Callable[[Callable[[], bytes]], bytes]
VARIABLES = {
    "TJS_PURGE_AGE_DAYS": "purge_age_days",
    "TJS_PURGE_KEEP_LAST": "purge_keep_last",
    "TJS_PURGE_INTERVAL_SEC": "purge_interval_s",
}
HEADER = """\
# Configuration of tinysched. Every key stands here with its default; remove the # before a key
# to set it, then run: tsdaemon reload. A mistake in this file does not stop a queue that runs:
# the former configuration stays in force, and tsdaemon status says what is wrong.
"""


def _key(default: Default, accepted: Accepts, words: str) -> Default:
    """A field of Config that says what it is for."""
    return field(default=default, metadata={"accepts": accepted, "words": words})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything an admin can set."""

    cpu_fraction: float = _key(
        1.0,
        Accepts(words="a number above 0, up to 1", read=accepts.fraction),
        "The part of the host's cores that jobs may take, rounded down to whole cores, at least 1."
        " The cores are those of the dispatcher's own affinity.",
    )
    cpus: int | None = _key(
        None,
        accepts.whole(1, 1_000_000, "cores").or_null("cpu_fraction decides"),
        "The cores that jobs may take, set outright. May be more than the host has.",
    )
    memory_mib: int | None = _key(
        None,
        accepts.whole(1, 2**40, "MiB").or_null("what the host has"),
        "The memory that the queue has, set outright. May be more than the host has. Once"
        " set, a job starts only when the memory it asks for is free; its use is not limited.",
    )
    default_mem_mb: int = _key(
        1024,
        accepts.whole(1, 2**40, "MiB"),
        "The memory of a job that asks for none. Recorded, not enforced.",
    )
    poll_interval: float = _key(
        10.0,
        accepts.seconds(0.05, 3600),
        "How often to look at what nobody tells the dispatcher: a removed root, a squatted user"
        " directory. Jobs start and end without waiting for it.",
    )
    kill_wait_s: float = _key(
        30.0,
        accepts.seconds(0, 86400),
        "How long a job has between TERM (cancelled, or at its time limit) and KILL.",
    )
    starvation_s: float = _key(
        3600.0,
        accepts.seconds(0),
        "How long a job that does not fit may be passed by younger ones that do; then it may not.",
    )
    min_job_age_s: float = _key(
        300.0,
        accepts.seconds(0),
        "How long an ended job stays in tsqueue, and its script stays ready for a requeue.",
    )
    job_requeue: bool = _key(
        True,
        Accepts(words="true or false", read=accepts.yes_or_no),
        "Whether a job that says neither --requeue nor --no-requeue goes back into the queue when a"
        " restart of the host ends it, and by tscontrol requeue. Else it is NODE_FAIL.",
    )
    suspended_keep_cores: bool = _key(
        False,
        Accepts(words="true or false", read=accepts.yes_or_no),
        "Whether a job that scontrol suspend stops keeps its cores. Else others may have them, and"
        " it has them back when it is resumed, even if others run there by then.",
    )
    agent_idle_s: float = _key(
        600.0, accepts.seconds(1), "How long the agent of a user stays who has no unfinished job."
    )
    agent_lost_s: float = _key(
        60.0,
        accepts.seconds(1),
        "After how long without an agent the cores of a user's started jobs go to others.",
    )
    max_array_size: int = _key(
        1_000_001,
        accepts.whole(1, 100_000_001, "indices"),
        "One more than the highest index that a job array may have.",
    )
    max_jobs_per_user: int = _key(
        100_000,
        accepts.whole(1, 100_000_000, "jobs"),
        "How many unfinished jobs one user may have; an array counts as one.",
    )
    max_connections_per_user: int = _key(
        64,
        accepts.whole(2, 100_000, "connections"),
        "How many connections to the dispatcher one user may hold at a time.",
    )
    max_request_kib: int = _key(
        4096,
        accepts.whole(1, 4096, "KiB"),
        "How large a submission may be: script, command line and SBATCH_* variables together.",
    )
    max_array_pieces: int = _key(
        10_000,
        accepts.whole(10, 1_000_000, "ranges"),
        "Into how many ranges (such as 1-5 or 2-80:3) the waiting, cancelled or ended tasks of an"
        " array may fall apart; what would make more of them is refused.",
    )
    connection_idle_s: float = _key(
        60.0,
        accepts.seconds(1),
        "After how long without a word the dispatcher hangs up on a connection that belongs to no"
        " agent and to no run_job.sh.",
    )
    purge_age_days: float | None = _key(
        None,
        Accepts(words="days, 0 to 36500", read=accepts.number(0, 36500)).or_null(
            "age does not matter"
        ),
        "Forget jobs that ended longer ago than this: their records, never users' files."
        " TJS_PURGE_AGE_DAYS in the dispatcher's environment beats it.",
    )
    purge_keep_last: int | None = _key(
        None,
        accepts.whole(0, 10**9, "jobs").or_null("no such number"),
        "Keep the newest so many ended jobs whatever their age; without purge_age_days forget all"
        " others. An array counts as one. If both keys are null nothing is forgotten."
        " TJS_PURGE_KEEP_LAST beats it.",
    )
    purge_interval_s: float = _key(
        900.0,
        accepts.seconds(1),
        "How often to look for jobs to forget. TJS_PURGE_INTERVAL_SEC beats it.",
    )
    partitions: tuple[Partition, ...] = _key(
        (),
        Accepts(words=partitions.WORDS, read=partitions.read),
        "Parts of the queue with rules of their own, chosen with --partition. Without any, the name"
        " of a partition is only kept; with some, other names are refused.",
    )
    cluster_name: str = _key(
        "tinysched",
        Accepts(words="up to 64 letters, digits and _ . -", read=accepts.name),
        "The name of this queue, in SLURM_CLUSTER_NAME.",
    )
    mail_by: str = _key(
        "sendmail",
        Accepts(words=" | ".join(accepts.MAIL_WAYS), read=accepts.mail_way),
        "How the mails of --mail-type go out, sent by the agent of the job's owner: by the host's"
        " sendmail, to a mail_server that wants no password, or not at all.",
    )
    mail_server: str = _key(
        "localhost:25",
        Accepts(words="a mail server as host:port", read=accepts.server),
        "Where mails go if mail_by is smtp.",
    )
    mail_domain: str | None = _key(
        None,
        Accepts(words="a domain", read=accepts.name).or_null("they are left as they are"),
        "What follows the @ in addresses that have none, and in the sender's.",
    )
    hosts: tuple[str, ...] = _key(
        (),
        Accepts(words="a list of host names", read=accepts.names),
        "The hosts on which tiny_sched_env.sh makes sbatch, squeue and scancel mean this queue.",
    )
    admins: tuple[str, ...] = _key(
        (),
        Accepts(words="a list of user names", read=accepts.names),
        "Who may cancel, hold, release and requeue the jobs of others, purge and reload, besides"
        " the user whom the dispatcher runs as, and root.",
    )
    privacy: str = _key(
        "open",
        Accepts(words=" | ".join(accepts.PRIVACIES), read=accepts.privacy),
        "open: the group sees names and states of all jobs. private: of others' jobs only counts"
        " and cores; records and logs belong to the dispatcher's user alone. Back to open: records"
        " that exist already stay closed until their next change.",
    )
    log_level: str = _key(
        "info",
        Accepts(words=" | ".join(accepts.LOG_LEVELS), read=accepts.level),
        "How much the dispatcher tells in its log.",
    )
    log_size_mib: int = _key(
        10,
        accepts.whole(1, 10_000, "MiB"),
        "The size at which the dispatcher's log is put aside and a new one begun.",
    )
    log_files: int = _key(
        5, accepts.whole(0, 1000, "files"), "How many logs that were put aside are kept."
    )

    def differences(self, other: Config) -> tuple[str, ...]:
        """The keys whose values are not the same in both."""
        return tuple(k for k in KEYS if getattr(self, k) != getattr(other, k))


KEYS: dict[str, Accepts] = {key.name: key.metadata["accepts"] for key in fields(Config)}


def load(
    path: str, variables: Mapping[str, str] | None = None, apart: Apart | None = None
) -> Config:
    """The configuration in force: the file (all defaults if there is none), then the environment.

    `apart`: runs what it is given in a child, with which the parser goes that was loaded for it.
    Raises: ConfigError, with a sentence for the admin.
    """
    try:
        text = _read(path)
        if text is None:
            config = Config()
        elif apart is None:
            config = parse(text, path)
        else:
            config = _checked(
                entries.unpacked(apart(lambda: entries.packed(text, path)), path), path
            )
    except ConfigError as error:
        cure = error.cure or "correct it, or move it away: without it all defaults hold"
        raise ConfigError(error.sentence, cure) from None
    return _overridden(config, os.environ if variables is None else variables)


def parse(text: str, path: str = "config.yaml") -> Config:
    """A Config out of the text of a file; `path` is for the messages."""
    return _checked(entries.of_text(text, path), path)


def _checked(found: Sequence[Entry], path: str) -> Config:
    values: dict[str, Value] = {}
    for entry in found:
        value = _value(entry, path)
        if entry.name in values:
            raise ConfigError(f"cannot use {path} line {entry.line}: {entry.name} is set twice")
        values[entry.name] = value
    return replace(Config(), **values)  # type: ignore[arg-type]  # KEYS holds each field's own type


def allowed_cores(config: Config, machine_cores: int) -> int:
    """The cores that jobs may take all together, at least 1."""
    if config.cpus is not None:
        return config.cpus
    # as it was written, in whole numbers: 0.29 of 100 cores are 29, not 28
    digits = f"{config.cpu_fraction:.15f}".replace(".", "")
    return max(1, int(digits) * machine_cores // _WHOLE)


def allowed_memory_mib(config: Config, machine_mib: int) -> int:
    """The memory the queue says it has, in MiB."""
    return machine_mib if config.memory_mib is None else config.memory_mib


def template() -> str:
    """The text of conf/config.yaml: every key with its meaning, range and default."""
    import textwrap

    parts = [HEADER]
    for key in fields(Config):
        words = textwrap.fill(
            key.metadata["words"], 96, initial_indent="# ", subsequent_indent="# "
        )
        accepts = f"# Accepts: {KEYS[key.name].words}."
        parts.append(f"{words}\n{accepts}\n#{key.name}: {_shown(key.default)}\n")
    return "\n".join(parts)


def _shown(value: object) -> str:
    """A value as YAML writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return "[]" if value == () else str(value)


def _read(path: str) -> str | None:
    """The text of a regular file of a sane size; None if there is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ConfigError(f"cannot read {path}: not a regular file")
    with open(descriptor, "rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ConfigError(f"cannot read {path}: larger than {MOST_BYTES} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"cannot read {path} line {line}: not UTF-8 text") from None


def _value(entry: Entry, path: str) -> Value:
    """One checked line of the file."""
    name, where = entry.name, f"cannot use {path} line {entry.line}"
    if name not in KEYS:
        import difflib

        near = difflib.get_close_matches(str(name).lower(), KEYS, n=1, cutoff=0.5)
        guess = f"; did you mean {near[0]}" if near else f"; the keys are {', '.join(KEYS)}"
        raise ConfigError(f"{where}: there is no key {name!r}{guess}")
    try:
        if not entry.is_plain:
            raise ValueError
        return KEYS[name].read(entry.value)
    except ValueError:
        raise ConfigError(
            f"{where}: {name} is {entry.shown[:80]!r}: expected {KEYS[name].words}"
        ) from None


def _overridden(config: Config, variables: Mapping[str, str]) -> Config:
    """What the environment says on top of a configuration (an empty one says nothing)."""
    for variable, name in VARIABLES.items():
        text = variables.get(variable, "").strip()
        if not text:
            continue
        try:
            number: object = int(text) if re.fullmatch(r"\d{1,12}", text) else float(text)
            value = KEYS[name].read(number)
        except ValueError:
            raise ConfigError(
                f"cannot use {variable}={text[:80]}: expected {KEYS[name].words}"
            ) from None
        config = replace(config, **{name: value})  # type: ignore[arg-type]  # as in parse()
    return config
