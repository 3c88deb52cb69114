"""What srun asks for outside a job, and salloc: a job that runs in its user's own terminal.

Dispatcher and client read the same words with this same code; sbatch reads most of them alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tinysched.errors import VerbatimError
from tinysched.job.request import Request
from tinysched.script.grammar import Option
from tinysched.script.slurm import getopt, names, sbatch, sbatch_values
from tinysched.script.slurm.refusals import EXIT_SYNTAX
from tinysched.script.slurm.retelling import check_parts, retold
from tinysched.script.slurm.srun_options import SALLOC, SRUN, STEP_NAMES
from tinysched.script.submission import Settings, Submission

SRUN_COMMAND = names.SRUN
SALLOC_COMMAND = names.SALLOC
COMMANDS = names.ALLOCATIONS
_TABLES: Mapping[str, Sequence[Option]] = {SRUN_COMMAND: SRUN, SALLOC_COMMAND: SALLOC}
# What concerns the client alone, or the words that are said.
_OF_THE_CLIENT = frozenset(
    {
        *("bell", "get-user-env", "immediate", "kill-command", "no-bell", "no-shell"),
        *("test-only", "wait-all-nodes"),
    }
)
_ALIASES = {"cpus-per-task": "cpus-per-task", "cluster": "clusters"}
# salloc reads fewer variables: a size is said, or it is one.
_NOT_BY_VARIABLE = frozenset(
    {"cpus-per-task", "mem", "mem-per-cpu", "nodes", "ntasks", "ntasks-per-node", "distribution"}
)


def table_of(command: str) -> Sequence[Option]:
    """Its options."""
    return _TABLES[command]


def read(
    command: str,
    argv: Sequence[str],
    variables: Mapping[str, str],
    cwd: str,
    settings: Settings,
) -> Submission:
    """What is asked for: the command line beats variables. Raises: VerbatimError."""
    table = _TABLES[command]
    found, rest = getopt.split(table, argv, command, exit_code=EXIT_SYNTAX, stop_at_word=True)
    check_parts(rest, command)
    if not rest and command == SRUN_COMMAND:
        raise VerbatimError("srun: fatal: No command given to execute.\n")
    typed = [(option.name, value or "") for option, value in found]
    given = [*_from_variables(command, table, variables), *typed]
    request = Request(
        name="interactive" if command == SALLOC_COMMAND else rest[0].rpartition("/")[2],
        submit_dir=cwd,
        command=rest[0] if command == SRUN_COMMAND else None,
        foreground=True,
        requeue=False,
        arguments=tuple(rest),
    )
    wish = sbatch_values.Wish(request=request, settings=settings)
    try:
        for name, value in given:
            if name not in STEP_NAMES and name not in _OF_THE_CLIENT:
                sbatch_values.apply(wish, _ALIASES.get(name, name), value)
        sbatch.settle(wish)
    except VerbatimError as error:
        raise retold(error, command) from None
    _fit_tasks(wish)
    names = {name for name, _ in given}
    if "no-shell" in names:
        wish.ask(foreground=False, arguments=(), output="/dev/null", joined=True)
    return Submission(
        request=wish.request,
        test_only="test-only" in names,
        warnings=tuple(wish.warnings),
        quiet=True,
        said={name: value for name, value in given if name not in STEP_NAMES},
    )


def _fit_tasks(wish: sbatch_values.Wish) -> None:
    """Tasks that do not fit on so many hosts by so many each: their number is what counts."""
    request = wish.request
    tasks, hosts, each = request.ntasks, request.nodes, request.tasks_per_node
    if tasks is not None and hosts is not None and each is not None and tasks > hosts * each:
        wish.warnings.append(
            f"Warning: can't honor --ntasks-per-node set to {each} which doesn't match the"
            f" requested tasks {tasks} with the number of requested nodes {hosts}."
            " Ignoring --ntasks-per-node."
        )
        wish.ask(tasks_per_node=None)


def _from_variables(
    command: str, table: Sequence[Option], variables: Mapping[str, str]
) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for option in table:
        variable = option.variable
        if command == SALLOC_COMMAND:
            if option.name in _NOT_BY_VARIABLE:
                continue
            variable = variable.replace("SLURM_", "SALLOC_", 1)
        if variable and variable in variables:
            found.append((option.name, variables[variable]))
    if command == SRUN_COMMAND and "SLURM_JOB_NAME" in variables:
        found.append(("job-name", variables["SLURM_JOB_NAME"]))
    return found
