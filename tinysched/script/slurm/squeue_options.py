"""Every option of squeue.

Imports nothing heavy.
"""

from __future__ import annotations

from tinysched.script.grammar import REFUSED, Option

# As Slurm's own: whoever meets it for a wrong word finds what is expected.
USAGE = """\
Usage: squeue [-A account] [--clusters names] [-i seconds] [--job jobid]
              [-n name] [-o format] [-p partitions] [--qos qos]
              [--reservation reservation] [--sort fields] [--start]
              [--step step_id] [-t states] [-u user_name] [--usage]
              [-L licenses] [-w nodes] [--federation] [--local] [--sibling]
\t      [-ahjlrsv]
"""

SQUEUE = (
    Option("account", "A", "ACCOUNTS", "only jobs of these accounts", variable="SQUEUE_ACCOUNT"),
    Option("all", "a", "", "all partitions: none is hidden here", variable="SQUEUE_ALL"),
    Option("array", "r", "", "a line for each task of an array", variable="SQUEUE_ARRAY"),
    Option("array-unique", "", "", "one line for the waiting tasks of an array (default)"),
    Option("clusters", "M", "NAMES", "this cluster, or all: there is no other"),
    Option("federation", "", "", "there is one cluster: lists that"),
    Option("Format", "O", "FIELDS", "fields by name: jobid:10,name:.30,state:|"),
    Option("format", "o", "FORMAT", "fields by letter: '%.18i %j|%T'", variable="SQUEUE_FORMAT"),
    Option("help", "", "", "show this text"),
    Option("hide", "", "", "hidden partitions stay hidden: there are none"),
    Option("iterate", "i", "SECONDS", "list again and again, with this pause"),
    Option("jobs", "j", "[IDS]", "only these: 42,43_7"),
    Option("json", "", "", "write JSON for programs"),
    Option("licenses", "L", "NAMES", "only jobs with these licenses", variable="SQUEUE_LICENSES"),
    Option("local", "", "", "there is one cluster: lists that", variable="SQUEUE_LOCAL"),
    Option("long", "l", "", "more columns, under the date"),
    Option("me", "", "", "only your own jobs"),
    Option("name", "n", "NAMES", "only jobs of these names", variable="SQUEUE_NAMES"),
    Option("noconvert", "", "", "show memory in the unit it was asked for in"),
    Option("nodelist", "w", "HOSTS", "only what runs on these hosts"),
    Option("noheader", "h", "", "leave the line of titles out"),
    Option("partition", "p", "NAMES", "only these partitions", variable="SQUEUE_PARTITION"),
    Option("priority", "P", "", "a line for each partition that a waiting job names"),
    Option("qos", "q", "NAMES", "only jobs of these qualities", variable="SQUEUE_QOS"),
    Option("reservation", "R", "NAME", "only jobs with this reservation"),
    Option("sibling", "", "", "there is one cluster: lists that"),
    Option("sort", "S", "LETTERS", "order by fields: -p,i", variable="SQUEUE_SORT"),
    Option("start", "", "", "when waiting jobs will start, as far as that is known"),
    Option("states", "t", "STATES", "only these states, or all", variable="SQUEUE_STATES"),
    Option("steps", "s", "[IDS]", "the steps of running jobs: 42.0"),
    Option("usage", "", "", "show the options in short"),
    Option("user", "u", "USERS", "only jobs of these users", variable="SQUEUE_USERS"),
    Option("verbose", "v", "", "say more; there is nothing more to say"),
    Option("version", "V", "", "show the version"),
    Option("yaml", "", "", "refused: there is no YAML here", disposition=REFUSED),
)
