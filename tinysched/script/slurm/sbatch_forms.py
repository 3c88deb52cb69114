"""What the values of sbatch's options look like: numbers, limits, lists of events, variables."""

from __future__ import annotations

import re

from tinysched.errors import VerbatimError
from tinysched.job import dependencies, mails
from tinysched.job.dependencies import Dependencies, Kind
from tinysched.job.moments import MomentError
from tinysched.job.request import Array, Export
from tinysched.job.signals import LimitSignal, Reach, number_of
from tinysched.script import arrays
from tinysched.script.slurm.refusals import EXIT_SYNTAX, invalid, no_number, refusal

_MOST = 2**31 - 1
_NO_LIMIT = {"UNLIMITED", "INFINITE"}
_LIMIT = re.compile(
    r"(?:(?P<d>\d{1,9})-(?P<dh>\d{1,9})?(?(dh)(?::(?P<dm>\d{1,9})(?::(?P<ds>\d{1,9}))?)?))"
    r"|(?:(?P<h>\d{1,9}):(?P<hm>\d{1,9}):(?P<hs>\d{1,9}))"
    r"|(?:(?P<m>\d{1,18})(?::(?P<s>\d{1,9}))?)",
    re.ASCII,
)
_NODES = re.compile(r"\s*\d{1,9}[kKmM]?\s*", re.ASCII)
_TIMES = {"k": 1024, "m": 1024 * 1024}
_SIGNAL = re.compile(r"(?:(?P<to>R|B|RB|BR):)?(?P<name>[A-Z0-9]+)(?:@(?P<at>\d*))?", re.I | re.A)
_DEFAULT_BEFORE_S = 60
_MOST_BEFORE_S = 65535
_NICE = re.compile(r"\s*([+-]?\d+)", re.ASCII)
_MOST_NICE = 2147483645
_DEFAULT_NICE = 100
_NO_PRIORITY = 4294967294
_MOST_JOBS = 2**32
# A value that begins with a quote reaches to its end, or, where there is none, to the very end.
_EXPORTED = re.compile(r"""[^,=]*=(?:'[^']*'|"[^"]*")[^,]*|[^,=]*=['"].*|[^,]+""", re.DOTALL)
_BETWEEN = re.compile(r"[,?](?![^\[\]]*\])")


def number(option: str, text: str, least: int = 1) -> int:
    """How many of something. Raises: VerbatimError."""
    if not (text.isascii() and text.isdigit() and int(text[:18]) >= least):
        raise no_number(option, text)
    return min(int(text[:18]), _MOST)


def limit_s(option: str, text: str) -> int | None:
    """A time limit, rounded up to whole minutes; None: none.

    Units: seconds. Raises: VerbatimError.
    """
    if text.upper() in _NO_LIMIT or re.fullmatch(r"-\d+", text, re.ASCII):
        return None
    found = _LIMIT.fullmatch(text)
    if found is None:
        raise invalid(option)
    part = {name: int(digits or 0) for name, digits in found.groupdict().items()}
    minutes = part["d"] * 1440 + (part["dh"] + part["h"]) * 60
    minutes += part["dm"] + part["hm"] + part["m"]
    minutes += -(-(part["ds"] + part["hs"] + part["s"]) // 60)
    return None if minutes > _MOST // 60 else minutes * 60 or None


def nodes(text: str) -> tuple[int, int | None]:
    """How many hosts at least and at most (None: one number was given). Raises: VerbatimError."""
    first, dash, second = text.partition("-")
    low = 1 if dash and not first else _scaled(first)
    if not dash:
        return low, None
    high = _scaled(second) if second else -1
    if high == 0:
        return low, None
    if high < low:
        words = f"Maximum node count {high} is less than minimum node count {low}"
        raise refusal(words, EXIT_SYNTAX)
    return low, high


def _scaled(text: str) -> int:
    if not _NODES.fullmatch(text):
        raise refusal(f'"{text}" is not a valid node count', EXIT_SYNTAX)
    text = text.strip()
    unit = _TIMES.get(text[-1].lower())
    return int(text) if unit is None else int(text[:-1]) * unit


def signal(text: str) -> LimitSignal:
    """What to send before the time limit. Raises: VerbatimError."""
    found = _SIGNAL.fullmatch(text)
    before_s = int((found and found["at"]) or _DEFAULT_BEFORE_S)
    if found is None or before_s > _MOST_BEFORE_S:
        raise invalid("signal")
    try:
        signum = number_of(found["name"])
    except ValueError:
        raise invalid("signal") from None
    is_for_script = "B" in (found["to"] or "").upper()
    reach = Reach.SCRIPT if is_for_script else Reach.STEPS
    return LimitSignal(number=signum, before_s=before_s, reach=reach)


def nice(text: str) -> int:
    """How many later jobs may go first; words that are no number are 0. Raises: VerbatimError."""
    if not text:
        return _DEFAULT_NICE
    found = _NICE.match(text)
    value = int(found[1][:20]) if found else 0
    if abs(value) > _MOST_NICE:
        words = f"Invalid --nice value, out of range (+/- {_MOST_NICE})"
        raise refusal(words, EXIT_SYNTAX)
    return value


def priority(text: str) -> str:
    """A priority; words that are no number are 0. Raises: VerbatimError."""
    found = _NICE.match(text)
    value = int(found[1][:20]) if found else 0
    if value < 0:
        raise refusal("Priority must be >= 0", EXIT_SYNTAX)
    if value >= _NO_PRIORITY:
        raise refusal(f"Priority must be < {_NO_PRIORITY}", EXIT_SYNTAX)
    return text if text.upper() == "TOP" else str(value)


def mail_events(text: str) -> str | None:
    """Of what to tell by mail, in Slurm's order; None: of nothing. Raises: VerbatimError."""
    try:
        return mails.read_types(text, strict=False)
    except ValueError:
        raise invalid("mail-type") from None


def addresses(text: str) -> str | None:
    """Whom to tell by mail; None: the owner. Raises: VerbatimError."""
    try:
        return ",".join(mails.addresses(text)) if text else None
    except ValueError:
        raise invalid("mail-user") from None


def moment_refusal(option: str, text: str, why: MomentError) -> VerbatimError:
    """A time that is none."""
    refused = invalid(option)
    if text:
        refused.text = f"Invalid time specification (pos={why.position}): {text}\n{refused.text}"
    return refused


def export(text: str) -> tuple[Export, tuple[str, ...]]:
    """Which variables a job sees, and complaints about those that it will not."""
    if text.upper() in ("NONE", "NIL"):
        return Export(everything=False), ()
    everything, names, chosen, warnings = False, list[str](), dict[str, str](), list[str]()
    for item in _EXPORTED.findall(text):
        name, equals, value = item.partition("=")
        if value[:1] in ("'", '"') and value[0] not in value[1:]:
            warnings.append(f"error: Improperly formed environment variable ({item})")
        if equals and name:
            chosen[name] = value
        elif name.upper() == "ALL":
            everything = True
        elif name and name.upper() not in ("NONE", "NIL"):
            names.append(name)
    found = Export(everything=everything, names=tuple(names), values=chosen)
    return found, tuple(warnings)


def array(text: str, max_index: int) -> Array | None:
    """The tasks of an array; None: it is none. Raises: ValueError."""
    body = text.strip().removeprefix("[").removesuffix("]")
    if text != text.rstrip():
        raise ValueError("a blank at its end")
    parts = body.split("%")
    if len(parts) == 1 and not body.strip(","):
        return None
    # After the first % stand the limit and, perhaps, more indices.
    limit, _, more = ("" if len(parts) == 1 else parts[1]).partition(",")
    indices = ",".join(piece for piece in (parts[0] or "0", more) if piece)
    found = arrays.parse(indices, max_index)
    most = re.match(r"\d{1,9}", limit, re.ASCII)
    return Array(tasks=found.tasks, limit=(int(most[0]) if most else 0) or None)


def dependency(text: str) -> Dependencies | None:
    """What a job waits for; None: nothing. Raises: ValueError."""
    if not text:
        return None
    if text != text.strip():
        raise ValueError("blanks around it")
    # One ? among them, and any will do.
    mark = "?" if "?" in text else ","
    found = dependencies.parse(mark.join(_condition(item) for item in _BETWEEN.split(text)))
    numbers = [edge.number for edge in found.edges if edge.kind is not Kind.SINGLETON]
    if any(not 0 < number < _MOST_JOBS for number in numbers):
        raise ValueError("there is no such job")
    return found


def _condition(item: str) -> str:
    """One condition as `dependencies.parse` reads it. A delay holds for all jobs that follow."""
    kind, colon, jobs = item.partition(":")
    if not colon:
        return item
    # Without burst buffers a job's stage-out is over when the job is.
    kind = "afterany" if kind.lower() == "afterburstbuffer" else kind
    delay, found = "", list[str]()
    for job in jobs.split(":"):
        number, plus, minutes = job.lstrip().partition("+")
        if plus:
            delay = _delay(minutes)
        found.append(f"{number}+{delay}" if delay and kind.lower() == "after" else number)
    return f"{kind}:{':'.join(found)}"


def _delay(text: str) -> str:
    """Minutes; what stands behind the number is not read. Raises: ValueError."""
    minutes = re.match(r"0*([1-9]\d{0,8})", text, re.ASCII)
    if minutes is None:
        raise ValueError(f"{text!r} is no number of minutes")
    return minutes[1]
