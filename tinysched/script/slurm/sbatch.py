"""From a script, variables and sbatch's command line to a request, as Slurm reads them.

Dispatcher and agent read the same words with this same code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tinysched.job.request import Request
from tinysched.script.grammar import Option, has
from tinysched.script.slurm import batchscript, getopt, names, pbs
from tinysched.script.slurm.batchlines import words
from tinysched.script.slurm.refusals import EXIT_SYNTAX, fatal, refusal
from tinysched.script.slurm.sbatch_options import SBATCH, check_words
from tinysched.script.slurm.sbatch_told import told
from tinysched.script.slurm.sbatch_values import Wish, apply
from tinysched.script.submission import Settings, Submission

COMMAND = names.SBATCH
# What means something on the command line only.
_NOT_IN_SCRIPTS = {"help", "quiet", "usage", "verbose", "version", "wrap"}
_OPTIONS = {option.name: option for option in SBATCH}
_VARIABLES = {
    **{option.variable: option.name for option in SBATCH if option.variable},
    "SLURM_CLUSTERS": "clusters",
    "SLURM_HINT": "hint",
}
_LOOKED_AT_LATER = {"hint", "propagate"}
_WAYS = ("mem", "mem-per-cpu", "mem-per-gpu")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """An option by its long name, with its value; `variable`: by a variable of the shell."""

    name: str
    value: str
    variable: bool = False


def read(
    argv: Sequence[str],
    variables: Mapping[str, str],
    cwd: str,
    script: bytes,
    settings: Settings,
) -> Submission:
    """What is asked for: the command line beats SBATCH_* variables, these beat directives.

    Arguments as of `script.submission.read`. What only the dispatcher can judge stays in
    `Request.stored`.
    Raises: VerbatimError.
    """
    typed, rest = check_line(argv, settings)
    check_words(typed, rest)
    batchscript.check(script)
    if has(typed, "quiet") and has(typed, "verbose"):
        raise refusal("don't specify both --verbose (-v) and --quiet (-Q)")
    by_line = [_Given(name=option.name, value=value or "") for option, value in typed]
    by_variable = [one for one in _from_variables(variables) if not _is_off(one)]
    switched_off = {one.name for one in _from_variables(variables) if _is_off(one)}
    ignores_pbs = any(one.name == "ignore-pbs" for one in (*by_line, *by_variable))
    label = rest[0] if rest else "(null)"
    by_script = list(_from_script(script, label, settings, ignores_pbs=ignores_pbs))
    by_script = [one for one in by_script if one.name not in switched_off]
    given = [*by_script, *by_variable, *by_line]
    request = Request(
        name=_default_name(typed, rest),
        submit_dir=cwd,
        arguments=tuple(rest[1:]),
        requeue=settings.requeue,
        joined=True,
    )
    wish = Wish(request=request, settings=settings)
    for one in _without_second_memory(given):
        apply(wish, one.name, one.value)
    settle(wish)
    said = [(one.name, one.value) for one in given]
    names = {name for name, _ in said}
    return Submission(
        request=wish.request,
        warnings=(
            *told(wish.request, [(one.name, one.value) for one in given], settings.offset_s),
            *wish.warnings,
        ),
        parsable="parsable" in names,
        quiet="quiet" in names,
        test_only="test-only" in names,
        wait="wait" in names,
        said=dict(said),
    )


def check_line(
    argv: Sequence[str], settings: Settings
) -> tuple[list[tuple[Option, str | None]], list[str]]:
    """A command line taken apart; mistakes in values are found where they stand.

    Raises: VerbatimError.
    """
    wish = Wish(request=Request(name="", submit_dir="/"), settings=settings)

    def heed(option: Option, value: str | None) -> None:
        if option.name not in _LOOKED_AT_LATER:
            apply(wish, option.name, value or "")

    return getopt.split(SBATCH, argv, COMMAND, exit_code=EXIT_SYNTAX, stop_at_word=True, heed=heed)


def directives(
    script: bytes, label: str, settings: Settings
) -> Sequence[tuple[Option, str | None]]:
    """The options of a script's #SBATCH lines; `label`: its name in messages.

    Raises: VerbatimError.
    """
    found, rest = check_line(words(script, "SBATCH", label), settings)
    if rest:
        raise refusal(f"Invalid directive found in batch script: {rest[0]}", EXIT_SYNTAX)
    return found


def _from_script(
    script: bytes, label: str, settings: Settings, *, ignores_pbs: bool
) -> Iterator[_Given]:
    found = directives(script, label, settings)
    if any(option.name == "ignore-pbs" for option, _ in found):
        ignores_pbs = True
    for option, value in found:
        if option.name not in _NOT_IN_SCRIPTS:
            yield _Given(name=option.name, value=value or "")
    if ignores_pbs:
        return
    for name, text in pbs.pbs(words(script, "PBS", label)):
        yield _Given(name=name, value=text)
    for name, text in pbs.bsub(words(script, "BSUB", label)):
        yield _Given(name=name, value=text)


def _from_variables(variables: Mapping[str, str]) -> Iterator[_Given]:
    """In the order of the table; one that is set but empty counts."""
    for variable, name in _VARIABLES.items():
        if variable in variables:
            yield _Given(name=name, value=variables[variable], variable=True)


def _is_off(one: _Given) -> bool:
    """A switch is off where its variable is neither empty nor `yes` nor a number but 0."""
    if _OPTIONS[one.name].takes != "nothing":
        return False
    number = re.fullmatch(r"\s*[+-]?0*(\d*)", one.value, re.ASCII)
    return one.value != "" and one.value.lower() != "yes" and not (number and number[1])


def _without_second_memory(given: Sequence[_Given]) -> list[_Given]:
    """Memory is asked for in one way: what is said outweighs a variable.

    Raises: VerbatimError.
    """
    said = {one.name for one in given if one.name in _WAYS and not one.variable}
    if len(said) > 1:
        raise fatal("--mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.")
    if not said and len({one.name for one in given if one.name in _WAYS}) > 1:
        names = "SLURM_MEM_PER_CPU, SLURM_MEM_PER_GPU, and SLURM_MEM_PER_NODE"
        raise fatal(f"{names} are mutually exclusive.")
    return [one for one in given if not said or one.name in said or one.name not in _WAYS]


def settle(wish: Wish) -> None:
    """What follows from several options together."""
    request = wish.request
    tasks, hosts = request.ntasks, request.nodes
    if tasks is not None and hosts is not None and tasks < hosts:
        wish.warnings.append(
            f"Warning: can't run {tasks} processes on {hosts} nodes, setting nnodes to {tasks}"
        )
        wish.ask(nodes=tasks)
        wish.keep("nodes", str(tasks))
    begin_at, deadline_at = request.begin_at, request.deadline_at
    # Who reads it later than at its submission cannot compare what was said of now.
    knows_now = wish.settings.now > 0
    if knows_now and begin_at is not None and deadline_at is not None and deadline_at < begin_at:
        raise refusal("Incompatible begin and deadline time specification")
    if "export-file" in request.stored and not request.export.everything:
        # All that the file names is exported, over what a login sets.
        wants_file = bool(request.export.names or request.export.values)
        wish.ask(export=replace(request.export, everything=wants_file))
        wish.keep("get-user-env", "")
    layout = request.stored.get("distribution", "")
    if layout.startswith("arbitrary") and "nodelist" not in request.stored:
        raise refusal(
            "With Arbitrary distribution you need to specify a nodelist or hostfile with the"
            " -w option"
        )


def _default_name(typed: Sequence[tuple[Option, str | None]], rest: Sequence[str]) -> str:
    if has(typed, "wrap"):
        return "wrap"
    return rest[0].rpartition("/")[2] if rest else COMMAND
