"""Values that few give to srun: whether it can take them, and in which words it refuses."""

from __future__ import annotations

from tinysched.errors import VerbatimError
from tinysched.script.slurm.refusals import invalid
from tinysched.script.slurm.retelling import complaint, not_supported, retold

COMMAND = "srun"
MPI_KINDS = "MPI plugin types are...\n\tnone\n"
_NO_BINDING = "srun: cluster configuration lacks support for cpu binding\n"
_SILENT = ("q", "quiet")
_BINDINGS = (
    *("v", "verbose", "no", "none", "rank", "rank_ldom", "one_thread"),
    *("sockets", "cores", "threads", "ldoms", "boards"),
    *("socket", "core", "thread", "ldom", "board"),
)
_MAPS = ("map_cpu:", "mask_cpu:", "map_ldom:", "mask_ldom:")
_MODES = ("a", "append", "t", "truncate")
# Of Slurm's own: programs that were built for them would not find what they look for.
_FOREIGN = ("pmi2", "pmix", "cray_shasta")


def binding(text: str) -> str:
    """What is said of --cpu-bind, which has no effect. Raises: VerbatimError."""
    words = [word for word in text.lower().split(",") if word not in _SILENT]
    for word in words:
        if word.startswith(_MAPS):
            break  # whatever follows is its list
        if word not in _BINDINGS:
            raise VerbatimError(
                f'{_NO_BINDING}srun: error: unrecognized --cpu-bind argument "{word}"\n'
                "srun: fatal: Failed to parse --cpu-bind= values.\n"
            )
    return _NO_BINDING if words else ""


def open_mode(text: str) -> None:
    """Refuses what is no --open-mode. Raises: VerbatimError."""
    if text not in _MODES:
        raise retold(invalid("open-mode"), COMMAND)


def mpi(kind: str) -> None:
    """Refuses what programs of MPI would need of srun. Raises: VerbatimError."""
    if kind.partition("_v")[0] in _FOREIGN:
        raise not_supported(COMMAND, f"mpi={kind}", "start MPI programs with mpirun")
    lines = (
        f"Couldn't find the specified plugin name for mpi/{kind} looking at all files",
        f"cannot find mpi plugin for mpi/{kind}",
        f"MPI: Cannot create context for mpi/{kind}",
        "MPI: Unable to load any plugin",
        f"Invalid MPI type '{kind}', --mpi=list for acceptable types",
    )
    raise complaint(COMMAND, "\n".join(lines))


def memory_mib(option: str, text: str) -> int:
    """A size of memory; 0: all there is. Raises: VerbatimError."""
    from tinysched.job.quantities import parse_memory

    try:
        return parse_memory(text.lstrip())
    except ValueError:
        raise retold(invalid(option), COMMAND) from None
