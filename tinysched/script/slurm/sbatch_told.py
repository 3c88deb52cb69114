"""What `sbatch --verbose` tells of the options it was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinysched.job.moments import Offset
from tinysched.job.quantities import format_duration, format_time
from tinysched.job.request import Request
from tinysched.script.slurm import sbatch_forms as forms
from tinysched.script.slurm.refusals import no_number
from tinysched.script.slurm.sbatch_options import SBATCH

_LINE = "-------------------- --------------------"
_SWITCHES = {option.name for option in SBATCH if option.takes == "nothing"}
_FILES = ("error", "input", "output")
_SPANS = ("time", "time-min", "delay-boot")
_THEMSELVES = ("no-requeue", "requeue")


def told(request: Request, given: Sequence[tuple[str, str]], offset_s: Offset) -> Iterator[str]:
    """Lines about all options, by long name, with their values; none unless they are asked for.

    `offset_s`: seconds that local clocks are ahead of UTC at a moment. Raises: VerbatimError.
    """
    level = _level([value for name, value in given if name == "verbose"])
    if not level:
        return
    yield from ("defined options", _LINE)
    last = {**dict(given), "verbose": str(level)}
    for name, at in (("begin", request.begin_at), ("deadline", request.deadline_at)):
        if name in last and at is not None:
            last[name] = format_time(at, offset_s(at))
    for name in sorted(last):
        yield f"{name:<20}: {_shown(request, name, last[name])}"
    yield from (_LINE, "end of defined options")


def _level(values: Sequence[str]) -> int:
    """How much is to be told: as often as that is said, or what the variable says."""
    numbers = [value for value in values if value]
    for text in numbers:
        if not text.strip().lstrip("+-").isdigit():
            raise no_number("--verbose", text)
    return max([values.count(""), *(abs(int(text[:9])) for text in numbers)])


def _shown(request: Request, name: str, value: str) -> str:
    if name in _THEMSELVES:
        return name
    if name in _SWITCHES and name != "verbose":
        return "set"
    if name in _FILES and not value.startswith("/"):
        return f"{request.work_dir}/{value}"
    if name == "nice":
        return str(request.nice)
    if name in _SPANS:
        limit_s = forms.limit_s(name, value)
        return "UNLIMITED" if limit_s is None else format_duration(limit_s)
    return value
