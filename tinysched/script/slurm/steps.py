"""What srun is asked for inside a job.

Imported on the start-up path of srun: imports nothing heavy on the ordinary path.
"""

from __future__ import annotations

from tinysched.errors import VerbatimError
from tinysched.script.grammar import REFUSED, Option
from tinysched.script.slurm import getopt
from tinysched.script.slurm.refusals import EXIT_SYNTAX, no_number
from tinysched.script.slurm.retelling import check_parts, complaint, not_supported, retold
from tinysched.script.slurm.srun_options import SRUN, STEP_NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMAND = "srun"
_NOTHING = ("", "0", "none", "NONE")
_TRUE = ("", "1", "yes", "true")
# Means something outside a job only; inside, the job's own is exported under these names.
_NOT_BY_VARIABLE = ("mem", "mem-per-cpu", "time", "chdir", "nodes")
# The job was made for a step of its own: all this is the job's affair, or was said before.
_OF_A_JOB = (
    *("time", "immediate", "nodes", "nodelist", "exclude", "mem", "mem-per-cpu", "cpu-bind"),
    *("constraint", "exclusive", "gres", "licenses", "reservation"),
)
_SELDOM = ("cpu-bind", "open-mode", "mpi", "mem", "mem-per-cpu")
_ALIASES = {"tasks-per-node": "ntasks-per-node", "cluster": "clusters"}


class Wants:
    """One step: everything that command line and variables say, the former first.

    `programs`: what each of its tasks runs, once that is known. `warning`: what is said of options.

    `wait_s`: how long others may go on after the first task has ended (None: for ever).
    `give_up_s`: how long to wait for cores (None: for ever).
    """

    def __init__(self, found: Sequence[tuple[Option, str | None]], rest: Sequence[str]) -> None:
        self.command = list(rest)
        self.programs = [self.command]
        self.warning = ""
        self._given: dict[str, str] = {}
        for option, value in found:
            name = _ALIASES.get(option.name, option.name)
            self._given[name] = value or ""
        often = sum(option.name == "verbose" for option, _ in found)
        if often:
            self._given["verbose"] = str(often)

    @property
    def given(self) -> Mapping[str, str]:
        """All options, by name; of -v, how often."""
        return self._given

    def has(self, name: str) -> bool:
        """Whether an option was given in any way."""
        return name in self._given

    def text(self, name: str) -> str | None:
        """The value of an option; None if it was not given."""
        return self._given.get(name)

    @property
    def asks_for_text(self) -> bool:
        """Wants to know something, and no step."""
        asked = any(name in self._given for name in ("help", "usage", "version"))
        return asked or self._given.get("mpi") == "list"

    def add_variables(self, variables: Mapping[str, str]) -> None:
        """What variables say where the command line says nothing."""
        for option in SRUN:
            name = _ALIASES.get(option.name, option.name)
            if not option.variable or option.variable not in variables or name in self._given:
                continue
            if option.disposition == REFUSED or name in _NOT_BY_VARIABLE:
                continue
            value = variables[option.variable]
            if option.takes == "nothing" and value.lower() not in _TRUE:
                continue
            self._given[name] = value
        if "ntasks" not in self._given and "SLURM_NPROCS" in variables:
            self._given["ntasks"] = variables["SLURM_NPROCS"]

    def count(self, name: str, *, least: int = 1) -> int | None:
        """A number of things. Raises: VerbatimError."""
        text = self._given.get(name)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()) or not least <= int(text) < 1 << 31:
            raise retold(no_number(f"--{name}", text), COMMAND)
        return int(text)

    @property
    def tasks(self) -> int:
        """How many tasks to run."""
        tasks = self.count("ntasks")
        if tasks is None:
            tasks = self.count("ntasks-per-node")
        return 1 if tasks is None else tasks

    @property
    def is_exact(self) -> bool:
        """Takes the cores that it asks for; else all that the job has."""
        return any(self.has(name) for name in ("exact", "exclusive", "cpus-per-task"))

    @property
    def kills_on_bad_exit(self) -> bool:
        """The first task that fails takes the others with it."""
        return self._given.get("kill-on-bad-exit", "0") not in ("0", "no")

    @property
    def limit_s(self) -> int | None:
        """The step's own time limit. Raises: VerbatimError."""
        text = self._given.get("time")
        if text is None:
            return None
        from tinysched.script.slurm import sbatch_forms

        try:
            return sbatch_forms.limit_s("time", text)
        except VerbatimError as error:
            raise retold(error, COMMAND) from None

    def leave_to_job(self) -> None:
        """The job was made for this step: it is the job's to keep to time and place."""
        for name in _OF_A_JOB:
            self._given.pop(name, None)

    def check_step(self) -> None:
        """Refuses what no step can have, before there is a job for it. Raises: VerbatimError."""
        self._refuse(STEP_NAMES)
        for name in ("ntasks", "threads"):
            self.count(name)
        for name in ("wait", "jobid"):
            self.count(name, least=0)
        if self.text("immediate") and not (self.text("immediate") or "").isdigit():
            words = f'Invalid numeric value "{self.text("immediate")}" for immediate.'
            raise complaint(COMMAND, words)
        if any(name in self._given for name in _SELDOM):
            self._check_seldom()

    def _check_seldom(self) -> None:
        from tinysched.script.slurm import step_checks

        if "cpu-bind" in self._given:
            self.warning = step_checks.binding(self._given["cpu-bind"])
        if "open-mode" in self._given:
            step_checks.open_mode(self._given["open-mode"])
        if self._given.get("mpi", "none") != "none":
            step_checks.mpi(self._given["mpi"])
        for name in ("mem", "mem-per-cpu"):
            if name in self._given:
                step_checks.memory_mib(name, self._given[name])

    def check(self) -> None:
        """Refuses what cannot be, and what no job has. Raises: VerbatimError."""
        self.check_step()
        self._refuse(frozenset(option.name for option in SRUN))
        self.count("cpus-per-task")
        self._check_hosts()

    def memory_mib(self, cores: int) -> int:
        """What it asks for; 0: whatever there is. Raises: VerbatimError."""
        from tinysched.script.slurm import step_checks

        if "mem" in self._given:
            return step_checks.memory_mib("mem", self._given["mem"])
        if "mem-per-cpu" in self._given:
            return cores * step_checks.memory_mib("mem-per-cpu", self._given["mem-per-cpu"])
        return 0

    def _refuse(self, names: frozenset[str]) -> None:
        for name, text in self._given.items():
            if name not in names:
                continue
            option = next(option for option in SRUN if option.name == name)
            if option.disposition == REFUSED and not (option.takes == "value" and text in _NOTHING):
                raise not_supported(COMMAND, name, _why(option))

    def _check_hosts(self) -> None:
        text = self._given.get("nodes", "1")
        hosts = text.partition("-")[0]
        if not (hosts.isascii() and hosts.isdigit()) or not int(hosts):
            raise complaint(COMMAND, f'"{text}" is not a valid node count', EXIT_SYNTAX)
        if int(hosts) > 1:
            raise complaint(COMMAND, f"Only allocated 1 nodes asked for {hosts}")


def _why(option: Option) -> str:
    return option.help.removeprefix("refused unless 0: ")


def read(argv: Sequence[str], variables: Mapping[str, str]) -> Wants:
    """The words of srun. Raises: VerbatimError."""
    found, rest = getopt.split(SRUN, argv, COMMAND, exit_code=EXIT_SYNTAX, stop_at_word=True)
    check_parts(rest, COMMAND)
    wants = Wants(found, rest)
    wants.add_variables(variables)
    if not (rest or wants.asks_for_text):
        raise VerbatimError(f"{COMMAND}: fatal: No command given to execute.\n")
    return wants
