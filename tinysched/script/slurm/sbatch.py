"""From a script, variables and sbatch's command line to a request, as Slurm reads them.

Dispatcher and agent read the same words with this same code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tinysched.job.request import Request
from tinysched.script.grammar import Option, has
from tinysched.script.slurm import batchscript, getopt, pbs
from tinysched.script.slurm.batchlines import words
from tinysched.script.slurm.refusals import EXIT_SYNTAX, fatal, refusal
from tinysched.script.slurm.sbatch_options import SBATCH, check_words
from tinysched.script.slurm.sbatch_values import Wish, apply
from tinysched.script.submission import Settings, Submission

COMMAND = "sbatch"
# What means something on the command line only.
_NOT_IN_SCRIPTS = {"help", "usage", "version", "wrap"}
_VARIABLES = {
    **{option.variable: option.name for option in SBATCH if option.variable},
    "SLURM_CLUSTERS": "clusters",
    "SLURM_HINT": "hint",
}


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
    typed, rest = getopt.split(SBATCH, argv, COMMAND, exit_code=EXIT_SYNTAX, stop_at_word=True)
    check_words(typed, rest)
    batchscript.check(script)
    by_line = [_Given(name=option.name, value=value or "") for option, value in typed]
    by_variable = list(_from_variables(variables))
    ignores_pbs = any(one.name == "ignore-pbs" for one in (*by_line, *by_variable))
    label = rest[0] if rest else "(null)"
    by_script = list(_from_script(script, label, ignores_pbs=ignores_pbs))
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
    _settle(wish)
    names = {one.name for one in given}
    return Submission(
        request=wish.request,
        warnings=(*_told(wish.request, given), *wish.warnings),
        parsable="parsable" in names,
        quiet="quiet" in names,
        test_only="test-only" in names,
        wait="wait" in names,
    )


def _from_script(script: bytes, label: str, *, ignores_pbs: bool) -> Iterator[_Given]:
    lines = words(script, "SBATCH", label)
    found, rest = getopt.split(SBATCH, lines, COMMAND, exit_code=EXIT_SYNTAX, stop_at_word=True)
    if rest:
        raise refusal(f"Invalid directive found in batch script: {rest[0]}", EXIT_SYNTAX)
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


def _without_second_memory(given: Sequence[_Given]) -> list[_Given]:
    """Memory is asked for in one way: what is said outweighs a variable.

    Raises: VerbatimError.
    """
    ways = ("mem", "mem-per-cpu", "mem-per-gpu")
    said = {one.name for one in given if one.name in ways and not one.variable}
    if len(said) > 1:
        raise fatal("--mem, --mem-per-cpu, and --mem-per-gpu are mutually exclusive.")
    kept = said or {one.name for one in given if one.name in ways[:1]}
    return [one for one in given if not (kept and one.name in ways and one.name not in kept)]


def _settle(wish: Wish) -> None:
    """What follows from several options together."""
    request = wish.request
    tasks, hosts = request.ntasks, request.nodes
    if tasks is not None and hosts is not None and tasks < hosts:
        wish.warnings.append(
            f"Warning: can't run {tasks} processes on {hosts} nodes, setting nnodes to {tasks}"
        )
        wish.ask(nodes=tasks)
        wish.keep("nodes", str(tasks))
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


def _told(request: Request, given: Sequence[_Given]) -> Iterator[str]:
    """What --verbose shows."""
    last = {one.name: one.value for one in given}
    if not any(name == "verbose" for name in last):
        return
    line = "-------------------- --------------------"
    yield from ("defined options", line)
    last["verbose"] = str(sum(one.name == "verbose" for one in given))
    for name in sorted(last):
        value = last[name]
        if name in ("error", "input", "output") and not value.startswith("/"):
            value = f"{request.submit_dir}/{value}"
        yield f"{name:<20}: {value or 'set'}"
    yield from (line, "end of defined options")
