"""docs/slurm.md, printed from the tables of options and from the list of recorded exceptions."""

from __future__ import annotations

from collections.abc import Iterator

from tests.commands.printed import NOTE, table
from tests.slurm.differing import CHANCE, DIFFERING
from tests.slurm.recorded import cases
from tinysched.commands import manuals
from tinysched.commands.manual import Manual
from tinysched.script.grammar import REFUSED, STORED, Option
from tinysched.script.slurm.differences import DIFFERENT, KEYWORDS
from tinysched.script.slurm.scontrol_options import KEYWORDS as SCONTROL_KEYWORDS
from tinysched.script.slurm.version import RELEASE

# The order of the page; commands that are not named come last.
_ORDER = ("sbatch", "squeue", "scancel", "scontrol", "sacct", "sstat", "sinfo", "srun", "salloc")
_HEADER = ("option", "short", "variable", "here", "meaning")


def commands() -> list[Manual]:
    """Every command under a name of Slurm's."""
    found = [one for one in vars(manuals).values() if isinstance(one, Manual)]
    return sorted(found, key=lambda one: (*_ORDER, one.name).index(one.name))


def slurm() -> str:
    """How each command and flag compares with Slurm's own."""
    return "\n".join([*_opening(), *_commands(), *_recorded()])


def _opening() -> Iterator[str]:
    yield "# Slurm's own commands\n"
    yield NOTE
    names = ", ".join(f"`{one.name}`" for one in commands())
    yield (
        f"`install.py --slurm-names` puts {names} into a directory `slurm/` beside the other"
        f" commands. They take the words of Slurm {RELEASE}, and answer with its texts and exit"
        " codes, so that programs which call Slurm need not know that there is none. Put the"
        " directory first on PATH, or source `tiny_sched_env.sh`. The commands that begin with"
        " `ts` have words and defaults of their own ([options.md](options.md)); jobs of both wait"
        " in the same queue.\n"
    )
    yield (
        "[conf/examples/like-slurm.yaml](../conf/examples/like-slurm.yaml) configures a queue like"
        " a small Slurm: partitions, memory that counts, the highest index of an array. `tsctl lint"
        " SCRIPT` tells what a Slurm would refuse or ignore in a script, and what we do.\n"
    )
    yield "In the tables below:\n"
    yield (
        "- *same*: it does what it does in Slurm.\n"
        "- *different*: it does something, but not the same.\n"
        "- *kept*: it is accepted, and shown where Slurm shows it; nothing else comes of it.\n"
        "- *refused*: it is refused by its name, as Slurm refuses what is not set up.\n"
    )
    yield (
        "Everywhere: there is one node, which has the cores that the configuration hands out; each"
        " core is a socket with one core and one thread. Cores are counted, processes are not bound"
        " to them. Nothing of a job outlives it, as with Slurm's `proctrack/cgroup`. Memory is"
        " counted where `memory_mib` is configured; limits of memory are not enforced.\n"
    )


def _commands() -> Iterator[str]:
    for command in commands():
        yield f"## {command.name}\n"
        yield f"    {command.name} {command.usage_line}\n"
        yield table(_HEADER, (_row(command, option) for option in command.options))
        if command.name == "scontrol":
            rows = [
                (f"`{name}`", _keyword(name, words), words) for name, _, words in SCONTROL_KEYWORDS
            ]
            yield table(("keyword", "here", "meaning"), rows)


def _row(command: Manual, option: Option) -> tuple[str, ...]:
    name = f"`--{option.name}{'=' + option.placeholder if option.placeholder else ''}`"
    short = f"`-{option.short}`" if option.short else ""
    variable = f"`{option.variable}`" if option.variable else ""
    return name, short, variable, _here(command.name, option), option.help


def _here(command: str, option: Option) -> str:
    different = DIFFERENT.get(command, {}).get(option.name)
    if option.disposition == REFUSED:
        return "refused"
    if option.disposition == STORED:
        return "kept"
    return "same" if different is None else f"different: {different}"


def _keyword(name: str, words: str) -> str:
    if words.startswith("refused"):
        return "refused"
    different = KEYWORDS.get(name)
    return "same" if different is None else f"different: {different}"


def _recorded() -> Iterator[str]:
    total = len(cases())
    yield "## Compared with a real Slurm\n"
    yield (
        f"`tests/slurm/corpus` holds {total} recordings of what a Slurm {RELEASE} did;"
        " `tests/run --slurm` replays them here. These differ on purpose, and the test fails if one"
        " of them does not:\n"
    )
    yield table(("recorded case", "why it differs"), ((f"`{n}`", w) for n, w in DIFFERING.items()))
    yield "Parts of these may differ, as a race may:\n"
    chances = ((f"`{name}`", chance.why) for name, chance in CHANCE.items())
    yield table(("recorded case", "why it may"), chances)
