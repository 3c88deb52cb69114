"""Every option of srun and salloc, in the order in which their own messages list them.

Imported on the start-up path of srun: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.script.grammar import REFUSED, STORED, Option

_ONE_HOST = "kept; says nothing on one host"
_NO_GPU = "refused unless 0: this host's GPUs are not shared out"
_NO_PLUGIN = "kept; needs a plugin of Slurm's to have an effect"


def _stored(name: str, short: str, value: str, says: str, variable: str = "") -> Option:
    return Option(name, short, value, says, disposition=STORED, variable=variable)


def _refused(name: str, short: str, value: str, says: str, variable: str = "") -> Option:
    return Option(name, short, value, says, disposition=REFUSED, variable=variable)


def _only(*options: Option) -> tuple[Option, ...]:
    return options


# What both understand. Variables are srun's: SLURM_*; salloc's begin with SALLOC_.
_BOTH = _only(
    _stored("account", "A", "NAME", "kept and shown; any is taken", "SLURM_ACCOUNT"),
    _stored("acctg-freq", "", "RATES", _NO_PLUGIN, "SLURM_ACCTG_FREQ"),
    Option("begin", "b", "TIME", "do not start before TIME"),
    _refused("bb", "", "SPEC", "there are no burst buffers", "SLURM_BURST_BUFFER"),
    _refused("bbf", "", "FILE", "there are no burst buffers"),
    Option("bell", "", "", "ring the bell when the job starts"),
    _stored("cluster-constraint", "", "FEATURES", _ONE_HOST),
    Option("chdir", "D", "DIR", "run in DIR", variable="SLURM_WORKING_DIR"),
    Option("cluster", "", "NAMES", "the same as --clusters"),
    Option("clusters", "M", "NAMES", "this cluster, or all", variable="SLURM_CLUSTERS"),
    Option("comment", "", "TEXT", "keep a note with the job", variable="SLURM_COMMENT"),
    _refused("container", "", "PATH", "containers are not run", "SLURM_CONTAINER"),
    _stored("context", "", "TEXT", _NO_PLUGIN),
    _stored("contiguous", "", "", _ONE_HOST),
    _refused("constraint", "C", "FEATURES", "the host has no features", "SLURM_CONSTRAINT"),
    _stored("core-spec", "S", "N", "ignored, with Slurm's warning", "SLURM_CORE_SPEC"),
    Option("cores-per-socket", "", "N", "refused above 1: every core is a socket"),
    _stored("cpu-freq", "", "FREQUENCY", _NO_PLUGIN, "SLURM_CPU_FREQ_REQ"),
    _refused("cpus-per-gpu", "", "N", _NO_GPU, "SLURM_CPUS_PER_GPU"),
    Option("cpus-per-task", "c", "N", "take N cores for each task", variable="SRUN_CPUS_PER_TASK"),
    Option("deadline", "", "TIME", "give the job up if it cannot end by then"),
    _stored("delay-boot", "", "MINUTES", _ONE_HOST, "SLURM_DELAY_BOOT"),
    Option("dependency", "d", "CONDITIONS", "wait for other jobs", variable="SLURM_DEPENDENCY"),
    _stored("distribution", "m", "KIND", _ONE_HOST, "SLURM_DISTRIBUTION"),
    Option("exclude", "x", "HOSTS", "not on these hosts"),
    Option("exclusive", "", "[KIND]", "all cores; in a job: those asked for alone"),
    Option("extra-node-info", "B", "S[:C[:T]]", "sockets, cores, threads; also tasks"),
    _refused("gid", "", "GROUP", "jobs run as who submits them"),
    _stored("gpu-bind", "", "KIND", _NO_PLUGIN, "SLURM_GPU_BIND"),
    _stored("gpu-freq", "", "FREQUENCY", _NO_PLUGIN, "SLURM_GPU_FREQ"),
    _refused("gpus", "G", "N", _NO_GPU, "SLURM_GPUS"),
    _refused("gpus-per-node", "", "N", _NO_GPU, "SLURM_GPUS_PER_NODE"),
    _refused("gpus-per-socket", "", "N", _NO_GPU),
    _refused("gpus-per-task", "", "N", _NO_GPU, "SLURM_GPUS_PER_TASK"),
    _refused("gres", "", "LIST", "refused unless none or 0 of it", "SLURM_GRES"),
    _stored("gres-flags", "", "FLAGS", _NO_PLUGIN, "SLURM_GRES_FLAGS"),
    Option("help", "h", "", "show this text"),
    _stored("hint", "", "KIND", _ONE_HOST, "SLURM_HINT"),
    Option("hold", "H", "", "do not start before 'scontrol release'"),
    Option("immediate", "I", "[SECONDS]", "give up if not started by then"),
    Option("job-name", "J", "NAME", "name the job; in a job: the step"),
    _refused("licenses", "L", "NAMES", "there are no licenses"),
    Option("mail-type", "", "EVENTS", "of what to tell by mail"),
    Option("mail-user", "", "ADDRESS", "whom to tell by mail"),
    _stored("mcs-label", "", "LABEL", _NO_PLUGIN),
    Option("mem", "", "SIZE", "memory needed", variable="SLURM_MEM_PER_NODE"),
    _stored("mem-bind", "", "KIND", _NO_PLUGIN, "SLURM_MEM_BIND"),
    Option("mem-per-cpu", "", "SIZE", "for each core", variable="SLURM_MEM_PER_CPU"),
    _refused("mem-per-gpu", "", "SIZE", _NO_GPU, "SLURM_MEM_PER_GPU"),
    Option("mincpus", "", "N", "refused if the host has fewer cores"),
    _stored("network", "", "SPEC", _NO_PLUGIN, "SLURM_NETWORK"),
    Option("nice", "", "[N]", "let N later jobs go first (default 100)"),
    _stored("no-kill", "k", "[off]", _ONE_HOST, "SLURM_NO_KILL"),
    _refused("nodefile", "F", "FILE", "--nodelist names hosts"),
    Option("nodelist", "w", "HOSTS", "on these hosts"),
    Option("nodes", "N", "MIN[-MAX]", "there is one", variable="SLURM_NNODES"),
    Option("ntasks", "n", "N", "run N tasks", variable="SLURM_NTASKS"),
    _stored("ntasks-per-core", "", "N", _ONE_HOST, "SLURM_NTASKS_PER_CORE"),
    _refused("ntasks-per-gpu", "", "N", _NO_GPU),
    Option("ntasks-per-node", "", "N", "tasks on the host", variable="SLURM_NTASKS_PER_NODE"),
    Option("ntasks-per-socket", "", "N", "refused above 1: every core is a socket"),
    _refused("ntasks-per-tres", "", "N", _NO_GPU),
    Option("overcommit", "O", "", "more tasks than cores", variable="SLURM_OVERCOMMIT"),
    _stored("oversubscribe", "s", "", "undoes --exclusive; cores are never shared"),
    Option("partition", "p", "NAMES", "where to run", variable="SLURM_PARTITION"),
    _stored("power", "", "FLAGS", _NO_PLUGIN, "SLURM_POWER"),
    _refused("prefer", "", "FEATURES", "the host has no features"),
    _stored("priority", "", "N", "kept; only admins of a Slurm may set it"),
    _stored("profile", "", "KINDS", _NO_PLUGIN, "SLURM_PROFILE"),
    _stored("qos", "q", "NAME", "kept and shown; any is taken", "SLURM_QOS"),
    Option("quiet", "Q", "", "print nothing but errors"),
    _refused("reboot", "", "", "for admins of a Slurm only"),
    _refused("reservation", "", "NAMES", "there are no reservations", "SLURM_RESERVATION"),
    Option("signal", "", "[B:]SIG[@S]", "before the time limit", variable="SLURM_SIGNAL"),
    Option("sockets-per-node", "", "N", "refused if the host has fewer cores"),
    _stored("spread-job", "", "", _ONE_HOST, "SLURM_SPREAD_JOB"),
    _stored("switches", "", "N[@TIME]", _ONE_HOST, "SLURM_REQ_SWITCH"),
    _stored("thread-spec", "", "N", "ignored, with Slurm's warning", "SLURM_THREAD_SPEC"),
    Option("threads-per-core", "", "N", "refused above 1", variable="SLURM_THREADS_PER_CORE"),
    Option("time", "t", "TIME", "limit, rounded up to minutes", variable="SLURM_TIMELIMIT"),
    _stored("time-min", "", "TIME", "kept; limits are never lowered to let a job in"),
    Option("tmp", "", "SIZE", "refused above 0: no disk is handed out"),
    _refused("uid", "", "USER", "jobs run as who submits them"),
    Option("usage", "", "", "show a short text"),
    _stored("use-min-nodes", "", "", _ONE_HOST, "SLURM_USE_MIN_NODES"),
    Option("verbose", "v", "", "tell what was asked for"),
    Option("version", "V", "", "show the version"),
    _stored("wckey", "", "TEXT", "kept", "SLURM_WCKEY"),
)

_STEPS = _only(
    _stored("accel-bind", "", "KIND", _NO_GPU),
    _refused("bcast", "", "[FILE]", "there is no other host to copy to", "SLURM_BCAST"),
    _refused("bcast-exclude", "", "PATHS", "there is no other host to copy to"),
    _stored("compress", "", "[KIND]", "nothing is copied to other hosts", "SLURM_COMPRESS"),
    _stored("cpu-bind", "", "KIND", "tasks share the job's cores", "SLURM_CPU_BIND"),
    Option("disable-status", "X", "", "a Ctrl-C goes to the tasks at once"),
    Option("epilog", "", "FILE", "run FILE here after the tasks", variable="SLURM_EPILOG"),
    Option("error", "e", "FILE", "write stderr there", variable="SLURM_STDERRMODE"),
    Option("exact", "", "", "only the cores that are asked for", variable="SLURM_EXACT"),
    Option("export", "", "NAMES", "variables the tasks see", variable="SLURM_EXPORT_ENV"),
    _refused("het-group", "", "N", "a job has one part"),
    Option("input", "i", "FILE", "read stdin from there", variable="SLURM_STDINMODE"),
    Option("jobid", "", "N", "run as a part of this job"),
    Option(
        "kill-on-bad-exit", "K", "[0|1]", "end all when one fails", variable="SLURM_KILL_BAD_EXIT"
    ),
    Option("label", "l", "", "number the lines of the tasks", variable="SLURM_LABELIO"),
    _stored("msg-timeout", "", "SECONDS", _ONE_HOST),
    Option("mpi", "", "KIND", "none; start MPI programs with mpirun"),
    Option("multi-prog", "", "", "a file names each task's program", variable="SLURM_MULTI_PROG"),
    _refused("no-allocate", "Z", "", "for admins of a Slurm only"),
    Option(
        "open-mode", "", "MODE", "append to output files, or truncate", variable="SLURM_OPEN_MODE"
    ),
    Option("output", "o", "FILE", "write stdout there", variable="SLURM_STDOUTMODE"),
    _refused("pack-group", "", "N", "a job has one part"),
    Option("overlap", "", "", "share cores with other steps", variable="SLURM_OVERLAP"),
    Option("preserve-env", "E", "", "leave SLURM_NNODES and SLURM_NTASKS as they are"),
    Option("prolog", "", "FILE", "run FILE here before the tasks", variable="SLURM_PROLOG"),
    Option("propagate", "", "[LIMITS]", "limits of this shell the tasks have"),
    Option("pty", "", "", "give task 0 a terminal of its own"),
    Option("quit-on-interrupt", "", "", "end at the first Ctrl-C"),
    _stored("relative", "r", "N", _ONE_HOST),
    _stored("resv-ports", "", "[N]", _NO_PLUGIN, "SLURM_RESV_PORTS"),
    _refused("send-libs", "", "[yes|no]", "there is no other host to copy to"),
    _stored("slurmd-debug", "", "LEVEL", _NO_PLUGIN),
    _refused("task-epilog", "", "FILE", "tasks run one program", "SLURM_TASK_EPILOG"),
    _refused("task-prolog", "", "FILE", "tasks run one program", "SLURM_TASK_PROLOG"),
    Option("tasks-per-node", "", "N", "the same as --ntasks-per-node"),
    _stored("threads", "T", "N", _ONE_HOST, "SLURM_THREADS"),
    _stored("unbuffered", "u", "", "output is never held back", "SLURM_UNBUFFEREDIO"),
    Option("test-only", "", "", "tell when it would start; run nothing"),
    Option("wait", "W", "SECONDS", "end all so long after the first end", variable="SLURM_WAIT"),
    _refused("x11", "", "[TASKS]", "there is no other host to come from"),
)
_ALLOCATION = _only(
    _stored("get-user-env", "", "[HOW]", "kept; the command has this shell's environment"),
    _stored("kill-command", "K", "[SIGNAL]", "the command always ends with its job"),
    Option("no-bell", "", "", "do not ring the bell"),
    Option("no-shell", "", "", "leave the cores to srun --jobid, until scancel"),
    _stored("wait-all-nodes", "", "0|1", _ONE_HOST, "SALLOC_WAIT_ALL_NODES"),
)


def _sorted(*tables: tuple[Option, ...]) -> tuple[Option, ...]:
    return tuple(sorted((option for table in tables for option in table), key=lambda o: o.name))


SRUN = _sorted(_BOTH, _STEPS)
# What says how a step runs, and nothing of the job around it.
STEP_NAMES = frozenset(option.name for option in _STEPS) - {
    *("propagate", "tasks-per-node", "test-only"),
}
SALLOC = _sorted(_BOTH, _ALLOCATION)

SRUN_USAGE = """\
Usage: srun [-N nnodes] [-n ntasks] [-c ncpus] [-i in] [-o out] [-e err]
            [-p partition] [-t minutes] [-D path] [-J jobname] [-l] [--pty]
            [--overlap] [--exact] [--jobid id] executable [args...]
"""
SALLOC_USAGE = """\
Usage: salloc [-N nnodes] [-n ntasks] [-c ncpus] [-p partition] [-t minutes]
              [-D path] [-J jobname] [--immediate] [--no-shell] [command [args...]]
"""
