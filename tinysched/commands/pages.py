"""What the help pages say besides the options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tinysched.job.states import MEANINGS
from tinysched.script import options
from tinysched.script.grammar import REFUSED, Option
from tinysched.script.slurm.sacct_options import SACCT


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One command: how it is called, what it does, an example, and how it ends.

    `shown` is its name on the command line. `stops_at_word`: after the first word that is no
    option, everything belongs to that word.
    """

    shown: str
    usage: str
    says: tuple[str, ...]
    options: tuple[Option, ...]
    example: tuple[str, ...]
    exits: Mapping[int | str, str]
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stops_at_word: bool = False


_DONE: Mapping[int | str, str] = {0: "done"}
_REFUSED: Mapping[int | str, str] = {1: "refused"}
_USAGE: Mapping[int | str, str] = {2: "the command line cannot be read"}
_LATER: Mapping[int | str, str] = {75: "no dispatcher answers; try again later"}
_ORDERS = {**_DONE, **_REFUSED, **_USAGE, **_LATER}
_ORDERS_TO_JOBS = {**_ORDERS, 1: "refused, or no such job"}

PAGES: Mapping[str, Page] = MappingProxyType(
    {
        "tsbatch": Page(
            shown="tsbatch",
            usage="[OPTIONS] [SCRIPT [ARGUMENTS...]]",
            says=(
                "Submit a job script to the queue. The script is copied now; later changes to the"
                " file do not count. Without SCRIPT it is read from stdin.",
                "All options may also stand in the script, in lines that begin with #SBATCH,"
                " before its first command. The command line outweighs SBATCH_* variables, and"
                " these outweigh the script. What follows SCRIPT goes to the script.",
            ),
            options=options.TSBATCH,
            tables={
                "In names of output files": {
                    "%j": "number of the job; each task of an array has its own",
                    "%A, %a": "number of the array, index of the task",
                    "%x, %u, %N": "name of the job, user, host",
                    "%%": "a percent sign; %4j fills up with zeros",
                }
            },
            example=("tsbatch --cpus-per-task=4 --time=1:00:00 --array=1-3 pi.sh",),
            exits=_ORDERS,
            stops_at_word=True,
        ),
        "tsqueue": Page(
            shown="tsqueue",
            usage="[OPTIONS]",
            says=(
                "List the jobs that wait, run, or ended recently. Of an array, each task is listed"
                " by itself; of those that wait, the first 20, and the rest on one line.",
                "When no dispatcher runs, the listing is read from the disk, and stderr says so.",
            ),
            options=options.TSQUEUE,
            tables={"States": MEANINGS},
            example=("tsqueue --user=alice --states=PENDING,RUNNING",),
            exits={**_DONE, 1: "no such job", **_USAGE},
        ),
        "tscancel": Page(
            shown="tscancel",
            usage="[OPTIONS] [ID...]",
            says=(
                "End jobs: 42, one task 42_7, or several tasks 42_[2-4,9]. Without ID, all jobs"
                " that the options choose; with both, the jobs that both mean.",
                "What has not started never will. What runs is sent TERM, every process of it, and"
                " KILL if it is still there after kill_wait_s (30 seconds unless configured). The"
                " job's stderr tells when.",
                "A --signal is sent once, at once, or refused; nobody sends it later. What comes of"
                " it is the job's own affair: one that STOP stops stays RUNNING, and its time limit"
                " goes on.",
            ),
            options=options.TSCANCEL,
            example=("tscancel 42 43_7 '44_[2-4]'",),
            exits=_ORDERS_TO_JOBS,
        ),
        "tscontrol": Page(
            shown="tscontrol",
            usage="hold|release|requeue ID... | show job ID...",
            says=("Hold jobs that wait, release them, run jobs again, or show all about them.",),
            options=options.TSCONTROL,
            tables={
                "Verbs": {
                    "hold": "do not start it before it is released; an array is held as a whole",
                    "release": "let it start again; what an admin holds, only an admin releases",
                    "requeue": "stop it if it runs, and put it back into the queue",
                    "show job": "print everything that is known about it",
                }
            },
            example=("tscontrol requeue 42 43_7",),
            exits=_ORDERS_TO_JOBS,
        ),
        "tsout": Page(
            shown="tsout",
            usage="[OPTIONS] ID...",
            says=(
                "Show where the output of jobs goes, and whether it is there yet: one line for"
                " stdout (OUT) and one for stderr (ERR) of each job and task.",
                "With --cat and --follow, what a job wrote to stdout goes to stdout, and what it"
                " wrote to stderr goes to stderr. If several jobs are meant, a line with its path"
                " goes before what comes from each file.",
            ),
            options=options.TSOUT,
            example=("tsout 42 43_7",),
            exits={
                **_DONE,
                1: "no such job, or a file cannot be read",
                **_USAGE,
            },
        ),
        "tsacct": Page(
            shown="tsacct",
            usage="[OPTIONS]",
            says=(
                "Tell what became of jobs, how long they ran, and what they took of cores and"
                " memory, from the queue's own records: your own jobs since midnight, unless the"
                " options choose others. A job has a line, and so has each of its steps: .batch is"
                " its script, .0 and on are what tsrun started in it.",
                "It is Slurm's sacct, also in its words and exit codes.",
            ),
            options=tuple(one for one in SACCT if one.disposition != REFUSED),
            tables={
                "Some of the fields (-e lists all)": {
                    "State": "how it ended; CANCELLED by UID tells who did that",
                    "ExitCode": "exit code of the script, and the signal that ended it",
                    "Elapsed": "how long it ran",
                    "TotalCPU": "processor time of all its processes, UserCPU and SystemCPU",
                    "MaxRSS": "the most memory that it had at one moment; empty: too short to tell",
                }
            },
            example=("tsacct -X --starttime=now-2days --state=FAILED --endtime=now",),
            exits={**_DONE, 1: "refused, or the command line cannot be read"},
        ),
        "tspurge": Page(
            shown="tspurge",
            usage="[OPTIONS]",
            says=(
                "Forget ended jobs: their records and the queue's copies of their scripts. Files"
                " that jobs wrote are never touched, nor is a job that has not ended. An array"
                " counts as one job. Only the queue's admin may do this.",
            ),
            options=options.TSPURGE,
            example=("tspurge --age-days=14 --keep-last=100 --dry-run",),
            exits=_ORDERS,
        ),
        "run_job": Page(
            shown="run_job.sh",
            usage="CPUS yes|no COMMAND [ARGUMENTS...]",
            says=(
                "Run a command here and now, on cores of the queue: wait until CPUS of them are"
                " free, then run COMMAND in the foreground of this terminal. With 'yes' it waits"
                " for all cores of the queue and has them to itself.",
                "Signals are passed on. When this program ends, so does the command.",
            ),
            options=options.RUN_JOB,
            example=("run_job.sh 8 no python3 my_script.py",),
            exits={
                "any": "the exit code of COMMAND; 128 + N if signal N ended it",
                **_REFUSED,
                **_USAGE,
                **_LATER,
            },
            stops_at_word=True,
        ),
    }
)
