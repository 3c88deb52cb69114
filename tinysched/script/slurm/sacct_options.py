"""Every option of sacct and sstat.

Imports nothing heavy.
"""

from __future__ import annotations

from tinysched.script.grammar import REFUSED, Option

USAGE = """\
Usage: sacct [options]
\tUse --help for help
"""
SSTAT_USAGE = """\
Usage: sstat [options] -j <job(.stepid)>
\tUse --help for help
"""
# The fields of a line, unless others are asked for; and those of --brief and --long.
USUAL = "jobid,jobname,partition,account,alloccpus,state,exitcode"
BRIEF = "jobid,state,exitcode"
LONG = (
    "jobid,jobidraw,jobname,partition,maxvmsize,maxvmsizenode,maxvmsizetask,avevmsize,maxrss,"
    "maxrssnode,maxrsstask,averss,maxpages,maxpagesnode,maxpagestask,avepages,mincpu,mincpunode,"
    "mincputask,avecpu,ntasks,alloccpus,elapsed,state,exitcode,avecpufreq,reqcpufreqmin,"
    "reqcpufreqmax,reqcpufreqgov,reqmem,consumedenergy,maxdiskread,maxdiskreadnode,"
    "maxdiskreadtask,avediskread,maxdiskwrite,maxdiskwritenode,maxdiskwritetask,avediskwrite,"
    "reqtres,alloctres,tresusageinave,tresusageinmax,tresusageinmaxnode,tresusageinmaxtask,"
    "tresusageinmin,tresusageinminnode,tresusageinmintask,tresusageintot,tresusageoutmax,"
    "tresusageoutmaxnode,tresusageoutmaxtask,tresusageoutave,tresusageouttot"
)
_ONE_CLUSTER = "there is one cluster: means that"

SACCT = (
    Option("allusers", "a", "", "jobs of all users; for root the default"),
    Option("accounts", "A", "ACCOUNTS", "only jobs of these accounts"),
    Option("allocations", "X", "", "one line for each job, none for its steps"),
    Option("allclusters", "L", "", _ONE_CLUSTER),
    Option("associations", "x", "NUMBERS", "only jobs of these: there are none, 0 is all"),
    Option("brief", "b", "", "JobID, State and ExitCode"),
    Option("batch-script", "B", "", "the scripts of jobs: none is kept for accounting"),
    Option("completion", "c", "", "another way to keep records; refused", disposition=REFUSED),
    Option("constraints", "C", "FEATURES", "only jobs that asked for these"),
    Option("cluster", "", "NAMES", "the same as --clusters"),
    Option("clusters", "M", "NAMES", "only jobs of these clusters: this one, or all"),
    Option("delimiter", "", "TEXT", "what stands between fields with -p and -P (default: |)"),
    Option("duplicates", "D", "", "also what was requeued since"),
    Option("helpformat", "e", "", "list all fields"),
    Option("help", "h", "", "show this text"),
    Option("endtime", "E", "TIME", "only what was eligible, or in its state, before"),
    Option("env-vars", "", "", "the environment of jobs: none is kept for accounting"),
    Option("federation", "", "", _ONE_CLUSTER),
    Option("file", "f", "FILE", "records in a file; refused", disposition=REFUSED),
    Option("flags", "F", "FLAGS", "only jobs with one of these: SchedMain, StartRecieved"),
    Option("fields", "", "FIELDS", "the same as --format"),
    Option(
        "format", "o", "FIELDS", "fields by name: jobid%20,state,maxrss", variable="SACCT_FORMAT"
    ),
    Option("gid", "g", "GROUPS", "only jobs of users whose first group is one of these"),
    Option("group", "", "GROUPS", "the same as --gid"),
    Option("jobs", "j", "IDS", "only these: 42,43_7,44.batch"),
    Option("json", "", "", "write JSON for programs"),
    Option("timelimit-min", "k", "TIME", "only jobs with this limit, or with -K a longer one"),
    Option("timelimit-max", "K", "TIME", "with -k: only limits up to this"),
    Option("local", "", "", _ONE_CLUSTER),
    Option("long", "l", "", "many columns"),
    Option("name", "", "NAMES", "only jobs of these names"),
    Option("nnodes", "i", "RANGE", "only what has, or had, so many hosts: 1, 1-4"),
    Option("ncpus", "I", "RANGE", "only what has, or had, so many cores: 2, 2-4"),
    Option("nodelist", "N", "HOSTS", "only what ran on these hosts"),
    Option("noconvert", "", "", "amounts of memory as they are kept"),
    Option("noheader", "n", "", "leave the lines of titles out"),
    Option("parsable", "p", "", "fields as wide as they are, a bar behind each"),
    Option("parsable2", "P", "", "fields as wide as they are, a bar between them"),
    Option("partition", "r", "NAMES", "only these partitions"),
    Option("qos", "q", "NAMES", "only jobs of these qualities"),
    Option("reason", "", "REASONS", "only what last waited for one of these"),
    Option("state", "s", "STATES", "only what was in these states in the time that is meant"),
    Option("starttime", "S", "TIME", "only what was eligible, or in its state, after that"),
    Option("truncate", "T", "", "cut times to those of -S and -E"),
    Option("units", "", "UNIT", "amounts of memory in K, M, G, T or P"),
    Option("uid", "", "USERS", "the same as --user"),
    Option("use-local-uid", "", "", "names of users as on this host: there is no other"),
    Option("usage", "", "", "show the options in short"),
    Option("user", "u", "USERS", "only jobs of these users (default: your own)"),
    Option("verbose", "v", "", "say which time is meant"),
    Option("version", "V", "", "show the version"),
    Option("wckeys", "W", "NAMES", "only jobs with these wckeys"),
    Option("whole-hetjob", "", "[yes|no]", "there are no heterogeneous jobs"),
    Option("yaml", "", "", "refused: there is no YAML here", disposition=REFUSED),
)
SSTAT = (
    Option("allsteps", "a", "", "all steps of a job, the script as well"),
    Option("helpformat", "e", "", "list all fields"),
    Option("help", "h", "", "show this text"),
    Option("pidformat", "i", "", "JobID, Nodelist and Pids"),
    Option("jobs", "j", "IDS", "these jobs and steps: 42,43.batch"),
    Option("noheader", "n", "", "leave the lines of titles out"),
    Option("noconvert", "", "", "amounts of memory as they are kept"),
    Option("fields", "", "FIELDS", "the same as --format"),
    Option("format", "o", "FIELDS", "fields by name: jobid%20,maxrss"),
    Option("parsable", "p", "", "fields as wide as they are, a bar behind each"),
    Option("parsable2", "P", "", "fields as wide as they are, a bar between them"),
    Option("usage", "", "", "show the options in short"),
    Option("verbose", "v", "", "say more; there is nothing more to say"),
    Option("version", "V", "", "show the version"),
)
