"""Every option of every command for people: the one table behind parsing, help and completion.

Imported on the start-up path of tsbatch, tsqueue and tscancel: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.script.grammar import STORED, Option

_STORED = "stored and shown; has no effect yet"
_HELP = Option("help", "", "", "show this text")
_VERSION = Option("version", "V", "", "show the version")
_ME = Option("me", "", "", "only your own jobs")
_JSON = Option("json", "", "", "write JSON for programs")

TSBATCH = (
    Option(
        "array",
        "a",
        "INDICES",
        "run one task for each index: 1-10, 1,2,5, 0-15:4, and 1-100%5 for five at a time",
        variable="SBATCH_ARRAY_INX",
    ),
    Option(
        "begin",
        "b",
        "TIME",
        "do not start before TIME: 16:00, tomorrow, now+2hours, 2031-05-06T07:08",
    ),
    Option("chdir", "D", "DIR", "run in DIR; relative names of files are looked up there"),
    Option("comment", "", "TEXT", "keep a note with the job"),
    Option("cpus-per-task", "c", "N", "take N cores for each task"),
    Option(
        "deadline",
        "",
        "TIME",
        "give the job up if it has not started in time to end by then",
    ),
    Option(
        "dependency",
        "d",
        "CONDITIONS",
        "wait for other jobs: after:41, afterok:41:42, afterany, afternotok, aftercorr, singleton",
    ),
    Option(
        "error",
        "e",
        "FILE",
        "write stderr there; default slurm-%j.err, of arrays slurm-%A_%a.err; none discards",
        variable="SBATCH_ERROR",
    ),
    Option(
        "export",
        "",
        "NAMES",
        "variables the job sees: ALL (default), NONE, or a list of NAME and NAME=VALUE",
        variable="SBATCH_EXPORT",
    ),
    Option("hold", "H", "", "do not start before 'tscontrol release'"),
    Option("input", "i", "FILE", "read stdin from there; default /dev/null"),
    Option("job-name", "J", "NAME", "default: the name of the script", variable="SBATCH_JOB_NAME"),
    Option(
        "mem",
        "",
        "SIZE",
        "memory needed, in MiB or with K, M, G, T; 0 for all; not enforced yet",
        variable="SBATCH_MEM_PER_NODE",
    ),
    Option(
        "kill-on-invalid-dep",
        "",
        "yes|no",
        "cancel the job once its --dependency can never come true (default: it stays)",
    ),
    Option(
        "mem-per-cpu",
        "",
        "SIZE",
        "memory needed for each core; not enforced yet",
        variable="SBATCH_MEM_PER_CPU",
    ),
    Option("nice", "", "[N]", "let N later jobs go first (default 100)"),
    Option(
        "no-requeue",
        "",
        "",
        "never run it a second time, whatever becomes of the first",
        variable="SBATCH_NO_REQUEUE",
    ),
    Option("nodes", "N", "1", "only 1 is possible: the queue has one host"),
    Option("ntasks", "n", "N", "take N times the cores of --cpus-per-task"),
    Option("ntasks-per-node", "", "N", "the same as --ntasks on one host"),
    Option(
        "open-mode",
        "",
        "MODE",
        "append to output files or truncate them (default)",
        variable="SBATCH_OPEN_MODE",
    ),
    Option(
        "output",
        "o",
        "FILE",
        "write stdout there; default slurm-%j.out, of arrays slurm-%A_%a.out; none discards",
        variable="SBATCH_OUTPUT",
    ),
    Option("parsable", "", "", "print the job's number only"),
    Option("quiet", "Q", "", "print nothing but errors"),
    Option(
        "requeue",
        "",
        "",
        "let it be run again: by tscontrol requeue, or after a restart of the host",
        variable="SBATCH_REQUEUE",
    ),
    Option(
        "signal",
        "",
        "SIG@SECONDS",
        "SECONDS (default 60) before the time limit send SIG: B:USR1@120 to the script, and without"
        " B: to job steps only, of which there are none yet",
        variable="SBATCH_SIGNAL",
    ),
    Option("test-only", "", "", "check everything, submit nothing"),
    Option(
        "time",
        "t",
        "TIME",
        "stop the job after MM, MM:SS, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS",
        variable="SBATCH_TIMELIMIT",
    ),
    Option("wrap", "", "COMMAND", "run this command line in place of a script"),
    Option("account", "A", "NAME", _STORED, disposition=STORED, variable="SBATCH_ACCOUNT"),
    Option(
        "mail-type",
        "",
        "EVENTS",
        "send mails: BEGIN, END, FAIL, REQUEUE, INVALID_DEPEND, TIME_LIMIT, TIME_LIMIT_90, _80 or"
        " _50, ALL, NONE; with ARRAY_TASKS for every task",
    ),
    Option("mail-user", "", "ADDRESS", "send them there (default: to you)"),
    Option("partition", "p", "NAME", _STORED, disposition=STORED, variable="SBATCH_PARTITION"),
    Option("qos", "q", "NAME", _STORED, disposition=STORED, variable="SBATCH_QOS"),
    Option("help", "h", "", "show this text"),
    _VERSION,
)

TSQUEUE = (
    Option("all", "a", "", "list ended jobs, too, as long as they are on record"),
    Option("array", "r", "", "list every task of an array on a line of its own"),
    Option("jobs", "j", "IDS", "only these: 42, 42_7, 42_[2-4,9]"),
    _JSON,
    _ME,
    Option("name", "n", "NAMES", "only jobs of these names"),
    Option("noheader", "h", "", "leave the line of titles out"),
    Option("states", "t", "STATES", "only jobs in these states, such as PENDING or PD; or all"),
    Option("user", "u", "USERS", "only jobs of these users"),
    _HELP,
    _VERSION,
)

TSCANCEL = (
    Option("batch", "b", "", "send the --signal to the script alone"),
    Option("full", "f", "", "send the --signal to the script and all its children (default)"),
    _ME,
    Option("name", "n", "NAMES", "only jobs of these names"),
    Option("quiet", "Q", "", "say nothing of jobs that are not known"),
    Option(
        "signal",
        "s",
        "SIGNAL",
        "send this signal to the whole job and let it live or end; KILL cancels it without grace",
    ),
    Option("state", "t", "STATES", "only jobs in these states: PENDING, RUNNING"),
    Option("user", "u", "USERS", "only jobs of these users"),
    Option("verbose", "v", "", "tell each job that is cancelled or sent a signal"),
    _HELP,
    _VERSION,
)

TSCONTROL = (_JSON, _HELP, _VERSION)

TSOUT = (
    Option("cat", "", "", "print the files in place of their names"),
    Option("follow", "f", "", "print the files and go on as they grow, until the jobs end"),
    _HELP,
    _VERSION,
)

TSPURGE = (
    Option("age-days", "", "D", "forget jobs that ended more than D days ago"),
    Option("dry-run", "", "", "say what would be forgotten; forget nothing"),
    Option("keep-last", "", "N", "keep the newest N whatever their age; alone: forget all others"),
    _HELP,
    _VERSION,
)

RUN_JOB = (_HELP, _VERSION)


def wrapped(command_line: str) -> bytes:
    """The script that `tsbatch --wrap=COMMAND` submits."""
    text = f"#!/bin/sh\n# Made by tsbatch --wrap.\n\n{command_line}\n"
    return text.encode("utf-8", "surrogateescape")
