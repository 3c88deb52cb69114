"""Every option of sbatch, in the order in which its own messages list them.

Imported on the start-up path of sbatch: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.script.grammar import REFUSED, STORED, Option, has
from tinysched.script.slurm.refusals import no_parts, refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_ONE_HOST = "kept; says nothing on one host"
_NO_GPU = "refused unless 0: this host's GPUs are not shared out"
_NO_PLUGIN = "kept; needs a plugin of Slurm's to have an effect"


def _stored(name: str, short: str, value: str, says: str, variable: str = "") -> Option:
    return Option(name, short, value, says, disposition=STORED, variable=variable)


def _refused(name: str, short: str, value: str, says: str, variable: str = "") -> Option:
    return Option(name, short, value, says, disposition=REFUSED, variable=variable)


SBATCH = (
    _stored("account", "A", "NAME", "kept and shown; any is taken", "SBATCH_ACCOUNT"),
    _stored("acctg-freq", "", "RATES", _NO_PLUGIN, "SBATCH_ACCTG_FREQ"),
    Option("array", "a", "INDICES", "one task for each index", variable="SBATCH_ARRAY_INX"),
    _refused("batch", "", "FEATURES", "hosts have no features here", "SBATCH_BATCH"),
    Option("begin", "b", "TIME", "do not start before TIME"),
    _refused("bb", "", "SPEC", "there are no burst buffers", "SBATCH_BURST_BUFFER"),
    _refused("bbf", "", "FILE", "there are no burst buffers"),
    _stored("cluster-constraint", "", "FEATURES", _ONE_HOST, "SBATCH_CLUSTER_CONSTRAINT"),
    Option("chdir", "D", "DIR", "run in DIR"),
    Option("cluster", "", "NAMES", "the same as --clusters"),
    Option("clusters", "M", "NAMES", "this cluster, or all", variable="SBATCH_CLUSTERS"),
    Option("comment", "", "TEXT", "keep a note with the job"),
    _refused("container", "", "PATH", "containers are not run", "SBATCH_CONTAINER"),
    _stored("context", "", "TEXT", _NO_PLUGIN),
    _stored("contiguous", "", "", _ONE_HOST),
    _refused("constraint", "C", "FEATURES", "the host has no features", "SBATCH_CONSTRAINT"),
    _stored("core-spec", "S", "N", "ignored, with Slurm's warning", "SBATCH_CORE_SPEC"),
    Option("cores-per-socket", "", "N", "refused above 1: every core is a socket"),
    _stored("cpu-freq", "", "FREQUENCY", _NO_PLUGIN, "SBATCH_CPU_FREQ_REQ"),
    _refused("cpus-per-gpu", "", "N", _NO_GPU, "SBATCH_CPUS_PER_GPU"),
    Option("cpus-per-task", "c", "N", "take N cores for each task"),
    Option("deadline", "", "TIME", "give the job up if it cannot end by then"),
    _stored("delay-boot", "", "MINUTES", _ONE_HOST, "SBATCH_DELAY_BOOT"),
    Option("dependency", "d", "CONDITIONS", "wait for other jobs"),
    _stored("distribution", "m", "KIND", _ONE_HOST, "SBATCH_DISTRIBUTION"),
    Option("error", "e", "FILE", "write stderr there", variable="SBATCH_ERROR"),
    Option("exclude", "x", "HOSTS", "not on these hosts"),
    Option("exclusive", "", "[KIND]", "take all cores", variable="SBATCH_EXCLUSIVE"),
    Option("export", "", "NAMES", "variables the job sees", variable="SBATCH_EXPORT"),
    Option("export-file", "", "FILE", "variables of the job, each with a NUL after it"),
    Option("extra-node-info", "B", "S[:C[:T]]", "sockets, cores, threads; also tasks"),
    Option("get-user-env", "", "[HOW]", "begin as a login would", variable="SBATCH_GET_USER_ENV"),
    _refused("gid", "", "GROUP", "jobs run as who submits them"),
    _stored("gpu-bind", "", "KIND", _NO_PLUGIN, "SBATCH_GPU_BIND"),
    _stored("gpu-freq", "", "FREQUENCY", _NO_PLUGIN, "SBATCH_GPU_FREQ"),
    _refused("gpus", "G", "N", _NO_GPU, "SBATCH_GPUS"),
    _refused("gpus-per-node", "", "N", _NO_GPU, "SBATCH_GPUS_PER_NODE"),
    _refused("gpus-per-socket", "", "N", _NO_GPU, "SBATCH_GPUS_PER_SOCKET"),
    _refused("gpus-per-task", "", "N", _NO_GPU, "SBATCH_GPUS_PER_TASK"),
    _refused("gres", "", "LIST", "refused unless none or 0 of it", "SBATCH_GRES"),
    _stored("gres-flags", "", "FLAGS", _NO_PLUGIN, "SBATCH_GRES_FLAGS"),
    Option("help", "h", "", "show this text"),
    _stored("hint", "", "KIND", _ONE_HOST, "SBATCH_HINT"),
    Option("hold", "H", "", "do not start before 'scontrol release'"),
    Option("ignore-pbs", "", "", "do not read #PBS and #BSUB", variable="SBATCH_IGNORE_PBS"),
    Option("input", "i", "FILE", "read stdin from there", variable="SBATCH_INPUT"),
    Option("job-name", "J", "NAME", "name the job", variable="SBATCH_JOB_NAME"),
    Option("kill-on-invalid-dep", "", "yes|no", "cancel what can never start"),
    _refused("licenses", "L", "NAMES", "there are no licenses"),
    Option("mail-type", "", "EVENTS", "of what to tell by mail"),
    Option("mail-user", "", "ADDRESS", "whom to tell by mail"),
    _stored("mcs-label", "", "LABEL", _NO_PLUGIN),
    Option("mem", "", "SIZE", "memory needed", variable="SBATCH_MEM_PER_NODE"),
    _stored("mem-bind", "", "KIND", _NO_PLUGIN, "SBATCH_MEM_BIND"),
    Option("mem-per-cpu", "", "SIZE", "for each core", variable="SBATCH_MEM_PER_CPU"),
    _refused("mem-per-gpu", "", "SIZE", _NO_GPU, "SBATCH_MEM_PER_GPU"),
    Option("mincpus", "", "N", "refused if the host has fewer cores"),
    _stored("network", "", "SPEC", _NO_PLUGIN, "SBATCH_NETWORK"),
    Option("nice", "", "[N]", "let N later jobs go first (default 100)"),
    _stored("no-kill", "k", "[off]", _ONE_HOST, "SBATCH_NO_KILL"),
    Option("no-requeue", "", "", "never run it twice", variable="SBATCH_NO_REQUEUE"),
    _refused("nodefile", "F", "FILE", "--nodelist names hosts"),
    Option("nodelist", "w", "HOSTS", "on these hosts"),
    Option("nodes", "N", "MIN[-MAX]", "more than 1 waits for ever"),
    Option("ntasks", "n", "N", "take N times the cores of --cpus-per-task"),
    _stored("ntasks-per-core", "", "N", _ONE_HOST),
    _refused("ntasks-per-gpu", "", "N", _NO_GPU),
    Option("ntasks-per-node", "", "N", "tasks on the host"),
    Option("ntasks-per-socket", "", "N", "refused above 1: every core is a socket"),
    _refused("ntasks-per-tres", "", "N", _NO_GPU),
    Option("open-mode", "", "MODE", "append or truncate", variable="SBATCH_OPEN_MODE"),
    Option("output", "o", "FILE", "write stdout there", variable="SBATCH_OUTPUT"),
    Option("overcommit", "O", "", "one core is enough", variable="SBATCH_OVERCOMMIT"),
    _stored("oversubscribe", "s", "", "undoes --exclusive; cores are never shared"),
    Option("parsable", "", "", "print the number only"),
    Option("partition", "p", "NAMES", "where to run", variable="SBATCH_PARTITION"),
    _stored("power", "", "FLAGS", _NO_PLUGIN, "SBATCH_POWER"),
    _refused("prefer", "", "FEATURES", "the host has no features"),
    _stored("priority", "", "N", "kept; only admins of a Slurm may set it"),
    _stored("profile", "", "KINDS", _NO_PLUGIN, "SBATCH_PROFILE"),
    Option("propagate", "", "[LIMITS]", "limits of this shell the job has"),
    _stored("qos", "q", "NAME", "kept and shown; any is taken", "SBATCH_QOS"),
    Option("quiet", "Q", "", "print nothing but errors"),
    _refused("reboot", "", "", "for admins of a Slurm only"),
    Option("requeue", "", "", "let it be run again", variable="SBATCH_REQUEUE"),
    _refused("reservation", "", "NAMES", "there are no reservations", "SBATCH_RESERVATION"),
    Option("signal", "", "[B:]SIG[@S]", "before the time limit", variable="SBATCH_SIGNAL"),
    Option("sockets-per-node", "", "N", "refused if the host has fewer cores"),
    _stored("spread-job", "", "", _ONE_HOST, "SBATCH_SPREAD_JOB"),
    _stored("switches", "", "N[@TIME]", _ONE_HOST, "SBATCH_REQ_SWITCH"),
    Option("tasks-per-node", "", "N", "the same as --ntasks-per-node"),
    Option("test-only", "", "", "tell when it would start; submit nothing"),
    _stored("thread-spec", "", "N", "ignored, with Slurm's warning", "SBATCH_THREAD_SPEC"),
    Option("threads-per-core", "", "N", "refused above 1", variable="SBATCH_THREADS_PER_CORE"),
    Option("time", "t", "TIME", "limit, rounded up to minutes", variable="SBATCH_TIMELIMIT"),
    _stored("time-min", "", "TIME", "kept; limits are never lowered to let a job in"),
    Option("tmp", "", "SIZE", "refused above 0: no disk is handed out"),
    _refused("uid", "", "USER", "jobs run as who submits them"),
    _stored("use-min-nodes", "", "", _ONE_HOST, "SBATCH_USE_MIN_NODES"),
    Option("usage", "", "", "show a short text"),
    Option("verbose", "v", "", "tell what was asked for", variable="SBATCH_DEBUG"),
    Option("version", "V", "", "show the version"),
    Option("wait", "W", "", "wait for the end; exit as the job", variable="SBATCH_WAIT"),
    _stored("wait-all-nodes", "", "0|1", _ONE_HOST, "SBATCH_WAIT_ALL_NODES"),
    _stored("wckey", "", "TEXT", "kept", "SBATCH_WCKEY"),
    Option("wrap", "", "COMMAND", "run this in place of a script"),
)


def wrapped(command_line: str) -> bytes:
    """The script that `sbatch --wrap=COMMAND` submits."""
    text = f"#!/bin/sh\n# This script was created by sbatch --wrap.\n\n{command_line}\n"
    return text.encode("utf-8", "surrogateescape")


def check_words(typed: Sequence[tuple[Option, str | None]], rest: Sequence[str]) -> None:
    """Refuses command lines that contradict themselves.

    Raises: VerbatimError.
    """
    if has(typed, "wrap") and rest:
        raise refusal("Script arguments not permitted with --wrap option")
    if rest and rest[0] == ":":
        raise no_parts()


USAGE = """\
Usage: sbatch [-N nnodes] [-n ntasks]
              [-c ncpus] [-r n] [-p partition] [--hold] [--parsable] [-t minutes]
              [-D path] [--input file] [--output file] [--error file] [-J jobname]
              [--wrap command] script [args...]
"""
