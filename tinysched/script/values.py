"""What each option of tsbatch makes of its value: a request that asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from tinysched.job import dependencies, mails
from tinysched.job.quantities import DURATION_FORMS, MEMORY_FORMS, parse_duration, parse_memory
from tinysched.job.request import Export, OpenMode, Request
from tinysched.job.signals import LimitSignal, Reach, number_of
from tinysched.script import arrays

Reader = Callable[[Request, str], Request]

DEFAULT_NICE = 100
_LONGEST_TEXT = 4096
_MOST_CORES = 65535
_OPEN_MODES = {
    "append": OpenMode.APPEND,
    "a": OpenMode.APPEND,
    "truncate": OpenMode.TRUNCATE,
    "t": OpenMode.TRUNCATE,
}
_DEFAULT_BEFORE_S = 60
_MOST_BEFORE_S = 65535
_SIGNAL = re.compile(
    r"(?:(?P<to>B|R|RB|BR):)?(?P<name>[A-Z0-9]+)(?:@(?P<before_s>[0-9]{1,5}))?",
    re.ASCII | re.IGNORECASE,
)
_SIGNAL_FORMS = f"expected [B:]SIGNAL[@SECONDS] such as B:USR1@120, at most {_MOST_BEFORE_S} s"
_EXPORT_FORMS = "expected ALL, NONE, or a list such as ALL,NAME,OTHER=value"


class UnwantedValueError(ValueError):
    """A well-formed value that is not granted here."""


def readers(max_array_index: int, moment: Callable[[str], float]) -> Mapping[str, Reader]:
    """For each option that asks for something: how it changes a request.

    `moment` reads a time as people write it.
    A reader raises ValueError when the value is malformed, UnwantedValueError when it is refused;
    both say why in words that follow a colon.
    """
    return MappingProxyType(
        {
            **_READERS,
            "array": lambda wish, text: _array(wish, text, max_array_index),
            "begin": lambda wish, text: replace(wish, begin_at=moment(text)),
            "deadline": lambda wish, text: replace(wish, deadline_at=moment(text)),
        }
    )


def count(text: str) -> int:
    """A number of cores or tasks, at least 1. Raises: ValueError."""
    digits = text.lstrip("0")
    if not (text.isascii() and text.isdigit() and digits):
        raise ValueError("expected a whole number, at least 1")
    if len(digits) > len(str(_MOST_CORES)) or int(digits) > _MOST_CORES:
        raise UnwantedValueError(f"no more than {_MOST_CORES} can be asked for")
    return int(digits)


def line(text: str) -> str:
    """A text that fits on a line: what a record keeps and a list shows. Raises: ValueError."""
    if any(letter in text for letter in "\0\n\r"):
        raise ValueError("expected one line of text")
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"expected at most {_LONGEST_TEXT} characters")
    return text


def some_line(text: str) -> str:
    """A text that fits on a line and is not empty. Raises: ValueError."""
    if not text:
        raise ValueError("expected some text")
    return line(text)


def addresses(text: str) -> str | None:
    """Whom to send mails; None: the owner. Raises: ValueError."""
    return ",".join(mails.addresses(text)) if text else None


def export(text: str) -> Export:
    """Which variables a job sees. Raises: ValueError. Source: sbatch(1) --export."""
    if text.upper() in ("NONE", "NIL"):
        return Export(everything=False)
    everything, names, chosen = False, list[str](), dict[str, str]()
    for item in _outside_quotes(text):
        name, equals, value = item.partition("=")
        if not equals and name.upper() == "ALL":
            everything = True
        elif not _is_variable(name) or (not equals and name.upper() in ("NONE", "NIL")):
            raise ValueError(_EXPORT_FORMS)
        elif equals:
            chosen[name] = value
        else:
            names.append(name)
    if not (everything or names or chosen):
        raise ValueError(_EXPORT_FORMS)
    return Export(everything=everything, names=tuple(names), values=chosen)


def _outside_quotes(text: str) -> list[str]:
    """The items between those commas that are not in quotes; the quotes stay. Empty ones go."""
    items, start, quote = list[str](), 0, ""
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == ",":
            items.append(text[start:at])
            start = at + 1
    if quote:
        raise ValueError(f"the quote {quote} is not closed")
    return [item for item in [*items, text[start:]] if item]


def _is_variable(name: str) -> bool:
    return name.isascii() and name.isidentifier()


def _array(wish: Request, text: str, max_index: int) -> Request:
    try:
        return replace(wish, array=arrays.parse(text, max_index))
    except arrays.IndexTooLargeError as why:
        raise UnwantedValueError(str(why)) from None


def limit_signal(text: str) -> LimitSignal:
    """What to send before the time limit. Raises: ValueError. Source: sbatch(1) --signal."""
    found = _SIGNAL.fullmatch(text)
    if found is None or int(found["before_s"] or 0) > _MOST_BEFORE_S:
        raise ValueError(_SIGNAL_FORMS)
    to = (found["to"] or "").upper()
    if "R" in to:
        raise UnwantedValueError("R: is for reservations, and this queue has none")
    try:
        number = number_of(found["name"])
    except ValueError:
        raise ValueError(_SIGNAL_FORMS) from None
    return LimitSignal(
        number=number,
        before_s=_DEFAULT_BEFORE_S if found["before_s"] is None else int(found["before_s"]),
        reach=Reach.SCRIPT if to else Reach.STEPS,
    )


def _limit(wish: Request, text: str) -> Request:
    try:
        return replace(wish, limit_s=parse_duration(text))
    except ValueError:
        raise ValueError(f"expected {DURATION_FORMS}") from None


def _memory(wish: Request, text: str) -> Request:
    try:
        return replace(wish, memory_mib=parse_memory(text))
    except ValueError:
        raise ValueError(f"expected {MEMORY_FORMS}") from None


def _nodes(wish: Request, text: str) -> Request:
    low, dash, high = text.partition("-")
    counts = [count(low), *([count(high)] if dash else [])]
    if set(counts) != {1}:
        raise UnwantedValueError("this queue has one host, so only 1 is possible")
    return wish


def _open_mode(wish: Request, text: str) -> Request:
    if text not in _OPEN_MODES:
        raise ValueError("expected append or truncate")
    return replace(wish, open_mode=_OPEN_MODES[text])


def _memory_per_cpu(wish: Request, text: str) -> Request:
    return replace(wish, memory_per_cpu_mib=_memory(wish, text).memory_mib)


def _nice(wish: Request, text: str) -> Request:
    digits = text.removeprefix("-")
    if not text:
        return replace(wish, nice=DEFAULT_NICE)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise ValueError("expected a whole number")
    return replace(wish, nice=int(text))


def _yes_or_no(wish: Request, text: str) -> Request:
    if text not in ("yes", "no"):
        raise ValueError("expected yes or no")
    return replace(wish, kill_on_invalid_dependency=text == "yes")


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "account": lambda wish, text: replace(wish, account=line(text) or None),
        "chdir": lambda wish, text: replace(wish, chdir=some_line(text)),
        "comment": lambda wish, text: replace(wish, comment=line(text) or None),
        "cpus-per-task": lambda wish, text: replace(wish, cpus_per_task=count(text)),
        "dependency": lambda wish, text: replace(wish, dependency=dependencies.parse(text)),
        "error": lambda wish, text: replace(wish, error=some_line(text)),
        "export": lambda wish, text: replace(wish, export=export(text)),
        "hold": lambda wish, _: replace(wish, held=True),
        "input": lambda wish, text: replace(wish, input=some_line(text)),
        "kill-on-invalid-dep": _yes_or_no,
        "job-name": lambda wish, text: replace(wish, name=some_line(text)),
        "mail-type": lambda wish, text: replace(wish, mail_type=mails.read_types(text)),
        "mail-user": lambda wish, text: replace(wish, mail_user=addresses(text)),
        "mem": _memory,
        "mem-per-cpu": _memory_per_cpu,
        "nice": _nice,
        "no-requeue": lambda wish, _: replace(wish, requeue=False),
        "nodes": _nodes,
        "ntasks-per-node": lambda wish, text: replace(wish, tasks_per_node=count(text)),
        "ntasks": lambda wish, text: replace(wish, ntasks=count(text)),
        "open-mode": _open_mode,
        "output": lambda wish, text: replace(wish, output=some_line(text)),
        "partition": lambda wish, text: replace(wish, partition=line(text) or None),
        "qos": lambda wish, text: replace(wish, qos=line(text) or None),
        "requeue": lambda wish, _: replace(wish, requeue=True),
        "signal": lambda wish, text: replace(wish, limit_signal=limit_signal(text)),
        "time": _limit,
    }
)
