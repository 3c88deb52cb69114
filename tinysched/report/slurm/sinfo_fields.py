"""What sinfo can say of the host and its partitions: every letter of -o and every word of -O.

Source: sinfo(1); what has no meaning on one host says what Slurm says where it is not set up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from tinysched.job.quantities import format_elapsed
from tinysched.job.standing import Node
from tinysched.report.slurm.fields import NOT_KNOWN, NULL, Column, Field, Layout
from tinysched.report.slurm.sinfo_rows import NodeRow


def _of(value: Callable[[NodeRow], object], header: str) -> Field[NodeRow]:
    return Field(header, lambda row: str(value(row)))


def _same(text: str, header: str) -> Field[NodeRow]:
    return Field(header, lambda _row: text)


def _node(value: Callable[[Node], object], header: str, missing: str = "0") -> Field[NodeRow]:
    """What only a node has."""
    return Field(header, lambda row: str(value(row.node)) if row.has_node else missing)


def _limit(seconds: int | None, missing: str) -> str:
    return missing if seconds is None else format_elapsed(seconds)


def _slashed(counts: tuple[int, ...]) -> str:
    return "/".join(map(str, counts))


def _most_cores(row: NodeRow) -> str:
    is_all = row.part.cores >= row.node.cores
    return "UNLIMITED" if is_all else str(row.part.cores)


def _name(row: NodeRow) -> str:
    return f"{row.part.name}*" if row.part.is_default else row.part.name


# Of partitions: where these differ, there are lines of their own.
_PARTITION: Mapping[str, Field[NodeRow]] = MappingProxyType(
    {
        "available": _of(lambda r: r.availability, "AVAIL"),
        "allocnodes": _same("all", "ALLOCNODES"),
        "defaulttime": _of(lambda r: _limit(r.part.default_time_s, "n/a"), "DEFAULTTIME"),
        "groups": _of(lambda r: ",".join(r.part.users or ("all",)), "GROUPS"),
        "maxcpuspernode": _of(_most_cores, "MAX_CPUS_PER_NODE"),
        "oversubscribe": _same("NO", "OVERSUBSCRIBE"),
        "partition": _of(_name, "PARTITION"),
        "partitionname": _of(lambda r: r.part.name, "PARTITION"),
        "preemptmode": _same("OFF", "PREEMPT_MODE"),
        "priorityjobfactor": _same("1", "PRIO_JOB_FACTOR"),
        "prioritytier": _same("1", "PRIO_TIER"),
        "root": _same("no", "ROOT"),
        "size": _same("1-infinite", "JOB_SIZE"),
        "time": _of(lambda r: _limit(r.part.max_time_s, "infinite"), "TIMELIMIT"),
    }
)
_NODE: Mapping[str, Field[NodeRow]] = MappingProxyType(
    {
        "allocmem": _node(lambda n: n.memory_taken_mib, "ALLOCMEM"),
        "cluster": _of(lambda r: r.cluster or NOT_KNOWN, "CLUSTER"),
        "comment": _same(NULL, "COMMENT"),
        "cores": _node(lambda _n: 1, "CORES"),
        "cpus": _node(lambda n: n.cores, "CPUS"),
        "cpusload": _node(lambda n: f"{n.load:.2f}", "CPU_LOAD", "0.00"),
        "cpusstate": _of(lambda r: _slashed(r.core_counts), "CPUS(A/I/O/T)"),
        "disk": _node(lambda _n: 0, "TMP_DISK"),
        "extra": _same(NULL, "EXTRA"),
        "features": _same(NULL, "AVAIL_FEATURES"),
        "features_act": _same(NULL, "ACTIVE_FEATURES"),
        "freemem": _node(lambda n: n.memory_free_mib, "FREE_MEM"),
        "gres": _same(NULL, "GRES"),
        "gresused": _same(NULL, "GRES_USED"),
        "memory": _node(lambda n: n.memory_mib, "MEMORY"),
        "nodeaddr": _node(lambda n: n.host, "NODE_ADDR", ""),
        "nodeai": _of(lambda r: _slashed(r.node_counts[:2]), "NODES(A/I)"),
        "nodeaiot": _of(lambda r: _slashed(r.node_counts), "NODES(A/I/O/T)"),
        "nodehost": _node(lambda n: n.host, "HOSTNAMES", ""),
        "nodelist": _node(lambda n: n.host, "NODELIST", ""),
        "nodes": _of(lambda r: r.node_counts[3], "NODES"),
        "port": _same("0", "PORT"),
        "reason": _of(lambda r: r.reason, "REASON"),
        "socketcorethread": _node(lambda n: f"{n.cores}:1:1", "S:C:T", "0:0:0"),
        "sockets": _node(lambda n: n.cores, "SOCKETS"),
        "statecompact": _of(lambda r: r.short_state, "STATE"),
        "statecomplete": _of(lambda r: r.whole_state, "STATECOMPLETE"),
        "statelong": _of(lambda r: r.state, "STATE"),
        "threads": _node(lambda _n: 1, "THREADS"),
        "timestamp": _of(lambda r: r.reason_time, "TIMESTAMP"),
        "user": _of(lambda r: r.reason_user, "USER"),
        "userlong": _of(lambda r: r.reason_user_long, "USER"),
        "version": _node(lambda n: n.version, "VERSION", NOT_KNOWN),
        "weight": _node(lambda _n: 1, "WEIGHT"),
    }
)
WORDS: Mapping[str, Field[NodeRow]] = MappingProxyType(
    {**_PARTITION, **_NODE, "share": _PARTITION["oversubscribe"]}
)
_BY_LETTER = {
    "a": "available",
    "A": "nodeai",
    "b": "features_act",
    "B": "maxcpuspernode",
    "c": "cpus",
    "C": "cpusstate",
    "d": "disk",
    "D": "nodes",
    "e": "freemem",
    "E": "reason",
    "f": "features",
    "F": "nodeaiot",
    "g": "groups",
    "G": "gres",
    "h": "oversubscribe",
    "H": "timestamp",
    "I": "priorityjobfactor",
    "l": "time",
    "L": "defaulttime",
    "m": "memory",
    "M": "preemptmode",
    "n": "nodehost",
    "N": "nodelist",
    "o": "nodeaddr",
    "O": "cpusload",
    "p": "prioritytier",
    "P": "partition",
    "r": "root",
    "R": "partitionname",
    "s": "size",
    "S": "allocnodes",
    "t": "statecompact",
    "T": "statelong",
    "u": "user",
    "U": "userlong",
    "v": "version",
    "V": "cluster",
    "w": "weight",
    "X": "sockets",
    "Y": "cores",
    "Z": "threads",
    "z": "socketcorethread",
}
LETTERS: Mapping[str, Field[NodeRow]] = MappingProxyType(
    {letter: WORDS[word] for letter, word in _BY_LETTER.items()}
)
# Lines are told apart by these alone; the first two name a partition.
NAMES = (WORDS["partition"], WORDS["partitionname"])
OF_PARTITIONS = frozenset(_PARTITION.values())
NODE_NAME = WORDS["nodelist"]
TIMESTAMP = WORDS["timestamp"]


def _every() -> Iterator[Column[NodeRow]]:
    """What `%all` asks for: small letters first, bars between them, and blanks behind others."""
    small, large = (sorted(filter(fits, LETTERS)) for fits in (str.islower, str.isupper))
    for letter in (*small, *large):
        blank = "" if letter in small else " "
        bar = "" if letter == large[-1] else "|"
        yield Column(field=LETTERS[letter], after=blank + bar)


EVERY = Layout(columns=tuple(_every()))
