"""Every option of sinfo, in the order in which its own messages list them.

Imports nothing heavy.
"""

from __future__ import annotations

from tinysched.script.grammar import REFUSED, Option

# As Slurm's own: whoever meets it for a wrong word finds what is expected.
USAGE = """\
Usage: sinfo [-abdelNRrsTv] [-i seconds] [-t states] [-p partition] [-n nodes]
             [-S fields] [-o format] [-O Format] [--federation] [--local]
"""

SINFO = (
    Option("all", "a", "", "all partitions: none is hidden here", variable="SINFO_ALL"),
    Option("dead", "d", "", "only nodes that do not answer: ours does"),
    Option("exact", "e", "", "do not put unlike nodes in one line: there is one"),
    Option("federation", "", "", "there is one cluster: lists that"),
    Option("help", "", "", "show this text"),
    Option("hide", "", "", "hidden partitions stay hidden: there are none"),
    Option("iterate", "i", "SECONDS", "list again and again, with this pause"),
    Option("local", "", "", "there is one cluster: lists that", variable="SINFO_LOCAL"),
    Option("long", "l", "", "more columns, under the date"),
    Option("clusters", "M", "NAMES", "this cluster, or all: there is no other"),
    Option("nodes", "n", "HOSTS", "only these hosts"),
    Option("noconvert", "", "", "sizes stay in MiB, as they are anyhow"),
    Option("noheader", "h", "", "leave the line of titles out"),
    Option("Node", "N", "", "a line for each node and partition"),
    Option("format", "o", "FORMAT", "fields by letter: '%9P %.5a %N'", variable="SINFO_FORMAT"),
    Option("Format", "O", "FIELDS", "fields by name: partition:10,statelong"),
    Option("partition", "p", "NAMES", "only these partitions", variable="SINFO_PARTITION"),
    Option("responding", "r", "", "only nodes that answer: ours does"),
    Option("list-reasons", "R", "", "why nodes take no jobs, if they do not"),
    Option("summarize", "s", "", "a line for each partition, with counts"),
    Option("sort", "S", "LETTERS", "order by fields: -P,N", variable="SINFO_SORT"),
    Option("states", "t", "STATES", "only nodes in these states"),
    Option("reservation", "T", "", "reservations, of which there are none"),
    Option("usage", "", "", "show the options in short"),
    Option("verbose", "v", "", "say more; there is nothing more to say"),
    Option("version", "V", "", "show the version"),
    Option("json", "", "", "write JSON for programs"),
    Option("yaml", "", "", "refused: there is no YAML here", disposition=REFUSED),
)
