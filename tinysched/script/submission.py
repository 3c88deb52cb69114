"""From a script, variables and a command line to the request that a user means.

Dispatcher and agent read the same words with this same code: what one grants, the other runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tinysched.errors import ScriptError, TinyschedError, UsageError
from tinysched.job.moments import parse_moment
from tinysched.job.request import Request
from tinysched.job.signals import Reach
from tinysched.script import directives
from tinysched.script.grammar import (
    MisreadError,
    Option,
    cure,
    has,
    parse,
    shown,
    split,
)
from tinysched.script.options import RUN_JOB, TSBATCH
from tinysched.script.values import UnwantedValueError, count, readers, some_line

_NOT_IN_SCRIPTS = {"help", "version", "wrap"}
# What may hold secrets is not repeated in a message.
_SECRET = {"export", "wrap"}
_VARIABLES = {option.variable: option for option in TSBATCH if option.variable}
_MOST_UNKNOWN_SHOWN = 10
RUN_JOB_NAME = "run_job.sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an installation decides about submissions; `command` is the name users typed.

    `requeue`: what holds for a job that says nothing of it. `now`, `offset_s`: the moment (UTC,
    seconds), and how many seconds local clocks are ahead of UTC at one.
    """

    max_array_index: int
    command: str = "tsbatch"
    requeue: bool = True
    now: float = 0.0
    offset_s: Callable[[float], int] = lambda _at: 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A request, what to tell its user about it, and how they want to be answered.

    `wait`: only once the job has ended. `said`: the options of Slurm's commands that were given,
    by their long names, with the text of the one that counts; it may hold secrets.
    """

    request: Request
    warnings: tuple[str, ...] = ()
    parsable: bool = False
    quiet: bool = False
    test_only: bool = False
    wait: bool = False
    said: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """An option with its value and where it stood, so that a complaint can say so."""

    option: Option
    value: str
    where: str = ""
    variable: bool = False
    usage: str = ""  # the cure, when it stood on the command line

    def complaint(self, why: ValueError) -> TinyschedError:
        what = self.option.variable if self.variable else f"--{self.option.name}"
        if self.option.takes == "value" and self.option.name not in _SECRET:
            what = f"{what}={shown(self.value)}"
        if isinstance(why, UnwantedValueError):
            return ScriptError(f"{self.where}cannot grant {what}: {why}")
        sentence = f"{self.where}cannot read {what}: {why}"
        return UsageError(sentence, self.usage) if self.usage else ScriptError(sentence)


def read(
    argv: Sequence[str],
    variables: Mapping[str, str],
    cwd: str,
    script: bytes,
    settings: Settings,
) -> Submission:
    """What is asked for: the command line beats SBATCH_* variables, these beat directives.

    `argv`: all words after the command's name; the first that is no option names the script, whose
    arguments follow; without one the script came by stdin. `variables`: the caller's SBATCH_* ones
    (others do no harm). `cwd`: the absolute path of the caller's directory. `script`: its text.
    Raises: ScriptError, UsageError.
    """
    found, rest = split(TSBATCH, argv, settings.command, stop_at_word=True)
    wrap = has(found, "wrap")
    if wrap and rest:
        raise UsageError(
            f"cannot read the command line: --wrap takes the place of {shown(rest[0])}",
            "give either a script and its arguments or --wrap",
        )
    label = "--wrap" if wrap else rest[0] if rest else "stdin"
    directives.check(script, label)
    lines = directives.read(script, label)
    given = [
        *_from_script(lines.lines, label),
        *_from_variables(variables),
        *(
            _Given(option=option, value=value or "", usage=cure(settings.command))
            for option, value in found
        ),
    ]
    request = Request(name="", submit_dir=cwd, arguments=tuple(rest[1:]), requeue=settings.requeue)
    request = _applied(request, given, settings)
    if not request.name:
        request = replace(request, name=_default_name(wrap, rest, settings))
    names = {one.option.name for one in given}
    return Submission(
        request=request,
        warnings=(
            *lines.warnings,
            *_unknown(variables, settings),
            *_unheard(request, settings),
        ),
        parsable="parsable" in names,
        quiet="quiet" in names,
        test_only="test-only" in names,
    )


def read_foreground(argv: Sequence[str], cwd: str) -> Submission:
    """What `run_job.sh CPUS yes|no COMMAND...` asks for; the command is the job's `arguments`.

    Raises: UsageError.
    """
    _, rest = split(RUN_JOB, argv, RUN_JOB_NAME, stop_at_word=True)
    try:
        cores, whole, command = _foreground_words(rest)
        name = some_line(_last_part(command[0]) or command[0])
    except ValueError as why:
        raise UsageError(f"cannot read the command line: {why}", cure(RUN_JOB_NAME)) from None
    return Submission(
        request=Request(
            name=name,
            submit_dir=cwd,
            cpus_per_task=cores,
            exclusive=whole,
            foreground=True,
            requeue=False,
            arguments=command,
        )
    )


def _foreground_words(rest: Sequence[str]) -> tuple[int, bool, tuple[str, ...]]:
    if len(rest) < 3 or not rest[2]:
        raise ValueError("expected CPUS, then yes or no, then a command")
    cpus, whole, *command = rest
    try:
        cores = count(cpus)
    except ValueError as why:
        raise ValueError(f"CPUS is {shown(cpus)}: {why}") from None
    if whole not in ("yes", "no"):
        raise ValueError(f"expected yes (all cores for this job) or no, not {shown(whole)}")
    return cores, whole == "yes", tuple(command)


def _from_script(lines: Iterable[directives.Directive], label: str) -> list[_Given]:
    given: list[_Given] = []
    for directive in lines:
        where = f"{shown(label)} line {directive.line}: "
        try:
            found, rest = parse(TSBATCH, directive.words)
        except MisreadError as why:
            raise ScriptError(f"{where}cannot read #SBATCH: {why}") from None
        if rest:
            raise ScriptError(f"{where}cannot read #SBATCH: {shown(rest[0])} is no option")
        for option, value in found:
            if option.name in _NOT_IN_SCRIPTS:
                raise ScriptError(
                    f"{where}cannot read #SBATCH: --{option.name} is for the command line only"
                )
            given.append(_Given(option=option, value=value or "", where=where))
    return given


def _from_variables(variables: Mapping[str, str]) -> list[_Given]:
    """In the order of the table; a variable that is set but empty says nothing."""
    return [
        _Given(option=option, value=value, variable=True)
        for name, option in _VARIABLES.items()
        if (value := variables.get(name))
    ]


def _unknown(variables: Mapping[str, str], settings: Settings) -> list[str]:
    names = sorted(n for n in variables if n.startswith("SBATCH_") and n not in _VARIABLES)
    return [
        f"{shown(name)}: ignored, since {settings.command} knows no such variable"
        for name in names[:_MOST_UNKNOWN_SHOWN]
    ]


def _unheard(request: Request, settings: Settings) -> list[str]:
    """Says that a signal before the limit will reach nobody; who types Slurm's names knows."""
    signal = request.limit_signal
    if signal is None or settings.command != "tsbatch":
        return []
    if request.limit_s is None:
        return [f"--signal={signal}: never sent, since there is no --time"]
    if signal.reach is Reach.STEPS:
        return [f"--signal={signal}: for job steps only; B:{signal} reaches the script"]
    return []


def _applied(request: Request, given: Sequence[_Given], settings: Settings) -> Request:
    known = readers(
        settings.max_array_index,
        lambda text: parse_moment(text, settings.now, settings.offset_s),
    )
    # All values are looked at, also those that later ones beat; but arrays take time to read.
    arrays = [one for one in given if one.option.name == "array"]
    for one in given:
        reader = known.get(one.option.name)
        if reader is None or (arrays and one.option.name == "array" and one is not arrays[-1]):
            continue
        try:
            request = reader(request, one.value)
        except ValueError as why:
            raise one.complaint(why) from None
    return request


def _default_name(wrap: bool, rest: Sequence[str], settings: Settings) -> str:
    if wrap:
        return "wrap"
    try:
        return some_line(_last_part(rest[0])) if rest else settings.command
    except ValueError as why:
        raise ScriptError(
            f"cannot name the job after {shown(rest[0])}: {why}", "give it a --job-name"
        ) from None


def _last_part(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
