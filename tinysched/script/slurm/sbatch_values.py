"""What each option of sbatch makes of its value: a request that asks for it.

Values are checked as sbatch itself checks them; what Slurm's controller would refuse is kept under
the option's name in `Request.stored`, for the dispatcher to look at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod
from types import MappingProxyType

from tinysched.job.moments import MomentError, parse_moment
from tinysched.job.quantities import parse_memory
from tinysched.job.request import OpenMode, Request
from tinysched.script.slurm import sbatch_checks as checks
from tinysched.script.slurm import sbatch_forms as forms
from tinysched.script.slurm.refusals import EXIT_SYNTAX, invalid, refusal, too_long
from tinysched.script.submission import Settings

_LONGEST_TEXT = 1024
_LONGEST_LIST = 64 * _LONGEST_TEXT
_LISTS = frozenset(("array", "dependency", "exclude", "export", "nodelist", "wrap"))
_OPEN_MODES = {"a": OpenMode.APPEND, "t": OpenMode.TRUNCATE}
_NOT_ALLOWED = "since it's not allowed by configuration (AllowSpecResourcesUsage = No)"


@dataclass(slots=True, kw_only=True)
class Wish:
    """A request that is being put together, and what to tell its user."""

    request: Request
    settings: Settings
    warnings: list[str] = field(default_factory=list)

    def ask(self, **changes: object) -> None:
        """These fields are asked for."""
        self.request = replace(self.request, **changes)  # type: ignore[arg-type]  # fields by name

    def keep(self, name: str, text: str) -> None:
        """This option is kept under its name."""
        self.ask(stored={**self.request.stored, name: text})

    def drop(self, name: str) -> None:
        """This option was never given."""
        self.ask(stored={key: text for key, text in self.request.stored.items() if key != name})


Reader = Callable[[Wish, str], None]


def apply(wish: Wish, name: str, text: str) -> None:
    """Takes one option into a wish.

    Raises: VerbatimError.
    """
    if len(text) > (_LONGEST_LIST if name in _LISTS else _LONGEST_TEXT) and name != "wrap":
        raise too_long()
    reader = _READERS.get(name)
    if reader is not None:
        reader(wish, text)
    elif name not in _SAY_NOTHING:
        checks.check(name, text)
        wish.keep(name, text)


# What concerns the answer, or the reading, and not the job.
_SAY_NOTHING = frozenset(
    {
        *("help", "ignore-pbs", "parsable", "quiet", "test-only", "usage", "verbose", "version"),
        *("wait", "wrap"),
    }
)


def _text(name: str) -> Reader:
    def read(wish: Wish, text: str) -> None:
        wish.ask(**{name: text.replace("\0", "")})

    return read


def _flag(name: str, value: bool = True) -> Reader:
    return lambda wish, _text: wish.ask(**{name: value})


def _number(field_name: str, option: str) -> Reader:
    return lambda wish, text: wish.ask(**{field_name: forms.number(option, text)})


def _array(wish: Wish, text: str) -> None:
    wish.drop("array")
    try:
        wish.ask(array=forms.array(text, wish.settings.max_array_index))
    except ValueError:
        wish.keep("array", text)


def _dependency(wish: Wish, text: str) -> None:
    wish.drop("dependency")
    try:
        wish.ask(dependency=forms.dependency(text))
    except ValueError:
        wish.keep("dependency", text)


def _moment(field_name: str, option: str) -> Reader:
    def read(wish: Wish, text: str) -> None:
        try:
            at = parse_moment(text, wish.settings.now, wish.settings.offset_s)
        except MomentError as why:
            raise forms.moment_refusal(option, text, why) from None
        wish.ask(**{field_name: at})

    return read


def _memory(option: str, text: str) -> int:
    """An amount of memory. Units: MiB. Raises: VerbatimError."""
    try:
        return parse_memory(text.lstrip())
    except ValueError:
        raise invalid(option) from None


def _memory_per_cpu(wish: Wish, text: str) -> None:
    """None for each core means all of the host's."""
    mib = _memory("mem-per-cpu", text)
    wish.ask(memory_per_cpu_mib=mib or None, **({} if mib else {"memory_mib": 0}))


def _nodes(wish: Wish, text: str) -> None:
    low, high = forms.nodes(text)
    wish.ask(nodes=low or None)
    wish.keep("nodes", str(low) if high is None else f"{low}-{high}")


def _open_mode(wish: Wish, text: str) -> None:
    mode = _OPEN_MODES.get(text[:1].lower())
    if mode is None:
        raise invalid("open-mode")
    wish.ask(open_mode=mode)


def _exclusive(wish: Wish, text: str) -> None:
    if text not in ("", "user", "mcs"):
        raise invalid("exclusive")
    wish.drop("oversubscribe")
    wish.keep("exclusive", text)
    wish.ask(exclusive=True)


def _oversubscribe(wish: Wish, _text: str) -> None:
    wish.drop("exclusive")
    wish.keep("oversubscribe", "")
    wish.ask(exclusive=False)


def _kill_on_invalid(wish: Wish, text: str) -> None:
    if text.lower() not in ("yes", "no"):
        raise invalid("kill-on-invalid-dep")
    wish.ask(kill_on_invalid_dependency=text.lower() == "yes")
    wish.keep("kill-on-invalid-dep", text.lower())


def _export(wish: Wish, text: str) -> None:
    found, warnings = forms.export(text)
    wish.warnings += warnings
    wish.ask(export=found)


def _limit(wish: Wish, text: str) -> None:
    limit_s = forms.limit_s("time", text)
    wish.ask(limit_s=limit_s)
    wish.drop("time")
    if limit_s is None:
        wish.keep("time", "UNLIMITED")


def _node_info(wish: Wish, text: str) -> None:
    """Sockets, cores, threads: multiplied they say how many tasks there are."""
    found: list[int] = []
    ordinals = ("first", "second", "third")
    names = ("sockets-per-node", "cores-per-socket", "threads-per-core")
    for part, ordinal, name in zip(text.split(":"), ordinals, names, strict=False):
        if part == "*":
            continue
        least = forms.number(f"{ordinal} arg of -B", part.partition("-")[0])
        wish.keep(name, str(least))
        found.append(least)
    if found and wish.request.ntasks is None:
        wish.ask(ntasks=prod(found))


def _ignored(option: str) -> Reader:
    def read(wish: Wish, text: str) -> None:
        forms.number({"-S": "--core-spec"}.get(option, option), text, least=0)
        wish.warnings.append(f"error: Ignoring {option} {_NOT_ALLOWED}")

    return read


def _tmp(wish: Wish, text: str) -> None:
    mib = _memory("tmp", text)
    if mib:
        wish.keep("tmp", str(mib))


def _time_min(wish: Wish, text: str) -> None:
    """Kept in seconds; 0: no limit, which is more than any."""
    wish.keep("time-min", str(forms.limit_s("time-min", text) or 0))


def _for_root(option: str) -> Reader:
    def read(_wish: Wish, _text: str) -> None:
        raise refusal(f"--{option} only permitted by root user", EXIT_SYNTAX)

    return read


def _not_here(option: str, why: str) -> Reader:
    def read(_wish: Wish, _text: str) -> None:
        raise refusal(f"--{option} is not supported: {why}")

    return read


def _mem_per_gpu(wish: Wish, text: str) -> None:
    wish.keep("mem-per-gpu", str(_memory("mem-per-gpu", text)))


def _user_environment(wish: Wish, text: str) -> None:
    # Seconds and a letter, either of which may be missing; nobody reads on after the letter.
    if not re.fullmatch(r"(\s*[+-]?\d+)?([SLsl].*)?", text, re.ASCII | re.DOTALL):
        raise invalid("get-user-env")
    wish.keep("get-user-env", text)


def _mail_type(wish: Wish, text: str) -> None:
    wish.ask(mail_type=forms.mail_events(text))


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "account": _text("account"),
        "array": _array,
        "bb": _not_here("bb", "there are no burst buffers"),
        "bbf": _not_here("bbf", "there are no burst buffers"),
        "begin": _moment("begin_at", "begin"),
        "chdir": lambda wish, text: wish.ask(chdir=text or None),
        "cluster": lambda wish, text: wish.keep("clusters", text),
        "comment": _text("comment"),
        "container": _not_here("container", "containers are not run"),
        "core-spec": _ignored("-S"),
        "cpus-per-task": _number("cpus_per_task", "--cpus-per-task"),
        "deadline": _moment("deadline_at", "deadline"),
        "dependency": _dependency,
        "error": _text("error"),
        "exclusive": _exclusive,
        "export": _export,
        "extra-node-info": _node_info,
        "get-user-env": _user_environment,
        "gid": _for_root("gid"),
        "hold": _flag("held"),
        "input": lambda wish, text: wish.ask(input=text or None),
        "job-name": _text("name"),
        "kill-on-invalid-dep": _kill_on_invalid,
        "mail-type": _mail_type,
        "mail-user": lambda wish, text: wish.ask(mail_user=forms.addresses(text)),
        "mem": lambda wish, text: wish.ask(memory_mib=_memory("mem", text)),
        "mem-per-cpu": _memory_per_cpu,
        "mem-per-gpu": _mem_per_gpu,
        "nice": lambda wish, text: wish.ask(nice=forms.nice(text)),
        "no-requeue": _flag("requeue", value=False),
        "nodefile": _not_here("nodefile", "name the host with --nodelist"),
        "nodes": _nodes,
        "ntasks": _number("ntasks", "--ntasks"),
        "ntasks-per-node": _number("tasks_per_node", "--ntasks-per-node"),
        "open-mode": _open_mode,
        "output": _text("output"),
        "overcommit": _flag("overcommit"),
        "oversubscribe": _oversubscribe,
        "partition": _text("partition"),
        "priority": lambda wish, text: wish.keep("priority", forms.priority(text)),
        "qos": _text("qos"),
        "requeue": _flag("requeue"),
        "signal": lambda wish, text: wish.ask(limit_signal=forms.signal(text)),
        "tasks-per-node": _number("tasks_per_node", "--ntasks-per-node"),
        "thread-spec": _ignored("--thread-spec"),
        "time": _limit,
        "time-min": _time_min,
        "tmp": _tmp,
        "uid": _for_root("uid"),
    }
)
