"""What squeue can say of a job: every letter of -o and every word of -O.

Source: squeue(1); what has no meaning on one host says what Slurm says where it is not set up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tinysched.job.quantities import format_elapsed
from tinysched.job.wanted import QOS
from tinysched.report.slurm.fields import NOT_KNOWN, NULL, Field
from tinysched.report.slurm.moments import limit_text
from tinysched.report.slurm.seen import Seen


def _of(value: Callable[[Seen], object], header: str) -> Field[Seen]:
    return Field(header, lambda seen: str(value(seen)))


def _same(text: str, header: str) -> Field[Seen]:
    return Field(header, lambda _seen: text)


def _given(text: str | None) -> str:
    """A text that may be empty, or not there."""
    return NULL if text is None else text


def _stored(name: str, header: str, missing: str = NULL) -> Field[Seen]:
    return Field(header, lambda seen: seen.row.job.request.stored.get(name) or missing)


_HELD = {
    "account": _of(lambda s: _given(s.row.job.request.account), "ACCOUNT"),
    "arrayjobid": _of(lambda s: s.row.job.id, "ARRAY_JOB_ID"),
    "arraytaskid": _of(lambda s: s.task_list, "ARRAY_TASK_ID"),
    "batchhost": _of(lambda s: s.host or "n/a", "EXEC_HOST"),
    "command": _of(lambda s: s.row.job.request.command or NULL, "COMMAND"),
    "comment": _of(lambda s: _given(s.row.job.request.comment), "COMMENT"),
    "dependency": _of(lambda s: s.row.dependency or NULL, "DEPENDENCY"),
    "endtime": _of(lambda s: s.end_text, "END_TIME"),
    "feature": _stored("constraint", "FEATURES"),
    "groupid": _of(lambda s: s.group_of(s.row.job.uid)[0], "GROUP"),
    "groupname": _of(lambda s: s.group_of(s.row.job.uid)[1], "GROUP"),
    "jobarrayid": _of(lambda s: s.shown_id, "JOBID"),
    "jobid": _of(lambda s: s.row.raw_id, "JOBID"),
    "licenses": _stored("licenses", "LICENSES"),
    "mincpus": _of(lambda s: s.min_cores, "MIN_CPUS"),
    "minmemory": _of(lambda s: s.memory, "MIN_MEMORY"),
    "mintmpdisk": _of(lambda s: s.min_disk, "MIN_TMP_DISK"),
    "name": _of(lambda s: s.row.job.request.name, "NAME"),
    "nice": _of(lambda s: s.row.job.request.nice, "NICE"),
    "nodelist": _of(lambda s: s.host, "NODELIST"),
    "numcpus": _of(lambda s: s.cores, "CPUS"),
    "numnodes": _of(lambda s: s.row.job.request.nodes or 1, "NODES"),
    "oversubscribe": _of(lambda s: s.sharing, "OVER_SUBSCRIBE"),
    "partition": _of(lambda s: s.row.standing.partition, "PARTITION"),
    "priority": _of(lambda s: s.priority_share, "PRIORITY"),
    "prioritylong": _of(lambda s: s.row.standing.priority, "PRIORITY"),
    "qos": _of(lambda s: s.row.job.request.qos or QOS, "QOS"),
    "reason": _of(lambda s: s.row.reason, "REASON"),
    "reasonlist": _of(lambda s: s.place_or_reason, "NODELIST(REASON)"),
    "reqnodes": _stored("nodelist", "REQ_NODES", ""),
    "reservation": _stored("reservation", "RESERVATION"),
    "starttime": _of(lambda s: s.moments.text(s.row.planned_at), "START_TIME"),
    "state": _of(lambda s: s.row.state, "STATE"),
    "statecompact": _of(lambda s: s.row.short_state, "ST"),
    "submittime": _of(lambda s: s.moments.text(s.row.job.submitted_at), "SUBMIT_TIME"),
    "timeleft": _of(lambda s: s.time_left, "TIME_LEFT"),
    "timelimit": _of(lambda s: limit_text(s.row.limit_s), "TIME_LIMIT"),
    "timeused": _of(lambda s: format_elapsed(s.row.elapsed_s), "TIME"),
    "userid": _of(lambda s: s.row.job.uid, "UID"),
    "username": _of(lambda s: s.row.job.user, "USER"),
    "wckey": _stored("wckey", "WCKEY"),
    "workdir": _of(lambda s: s.row.job.request.work_dir, "WORK_DIR"),
}
_TOPOLOGY = {
    "contiguous": _of(lambda s: int("contiguous" in s.row.job.request.stored), "CONTIGUOUS"),
    "cores": _same("*", "CORES_PER_SOCKET"),
    "corespec": _same(NOT_KNOWN, "CORE_SPEC"),
    "schednodes": _same(NULL, "SCHEDNODES"),
    "sct": _same("*:*:*", "S:C:T"),
    "selectjobinfo": _same("", ""),
    "sockets": _same("*", "SOCKETS_PER_NODE"),
    "threads": _same("*", "THREADS_PER_CORE"),
    "tres-per-node": _same(NOT_KNOWN, "TRES_PER_NODE"),
}
_ONLY_WORDS = {
    "accruetime": _of(lambda s: s.moments.text(s.row.standing.eligible_at), "ACCRUE_TIME"),
    "admin_comment": _same(NULL, "ADMIN_COMMENT"),
    "allocnodes": _of(lambda s: s.moments.place.host, "ALLOC_NODES"),
    "allocsid": _same("0", "ALLOC_SID"),
    "associd": _same("0", "ASSOC_ID"),
    "batchflag": _of(lambda s: int(not s.row.job.request.foreground), "BATCH_FLAG"),
    "boardspernode": _same("0", "BOARDS_PER_NODE"),
    "burstbuffer": _same(NULL, "BURST_BUFFER"),
    "burstbufferstate": _same(NULL, "BURST_BUFFER_STATE"),
    "cluster": _of(lambda s: s.cluster, "CLUSTER"),
    "clusterfeature": _same(NULL, "CLUSTER_FEATURES"),
    "container": _stored("container", "CONTAINER"),
    "cpus-per-task": _of(lambda s: s.row.job.request.cpus_per_task or 1, "CPUS_PER_TASK"),
    "cpus-per-tres": _same(NOT_KNOWN, "CPUS_PER_TRES"),
    "deadline": _of(lambda s: s.moments.text(s.row.job.request.deadline_at), "DEADLINE"),
    "delayboot": _same("0:00", "DELAY_BOOT"),
    "derivedec": _same("0", "DERIVED_EC"),
    "eligibletime": _of(lambda s: s.moments.text(s.row.standing.eligible_at), "ELIGIBLE_TIME"),
    "exit_code": _of(lambda s: s.wait_status, "EXIT_CODE"),
    "hetjobid": _same(NOT_KNOWN, "HET_JOB_ID"),
    "hetjobidset": _same(NOT_KNOWN, "HET_JOB_ID_SET"),
    "hetjoboffset": _same(NOT_KNOWN, "HET_JOB_OFFSET"),
    "lastschedeval": _of(
        lambda s: s.moments.text(s.row.planned_at or s.moments.now), "LAST_SCHED_EVAL"
    ),
    "maxcpus": _of(lambda s: s.cores, "MAX_CPUS"),
    "maxnodes": _of(lambda s: s.row.job.request.nodes or 1, "MAX_NODES"),
    "mcslabel": _same(NULL, "MCSLABEL"),
    "mem-per-tres": _same(NOT_KNOWN, "MEM_PER_TRES"),
    "mintime": _stored("time-min", "TIME_MIN", "0:00"),
    "network": _stored("network", "NETWORK"),
    "ntperboard": _same("0", "NTASKS_PER_BOARD"),
    "ntpercore": _stored("ntasks-per-core", "NTASKS_PER_CORE", NOT_KNOWN),
    "ntpernode": _of(lambda s: s.row.job.request.tasks_per_node or 0, "NTASKS_PER_NODE"),
    "ntpersocket": _stored("ntasks-per-socket", "NTASKS_PER_SOCKET", NOT_KNOWN),
    "numtasks": _of(lambda s: s.row.job.request.tasks, "TASKS"),
    "origin": _same("NA", "ORIGIN"),
    "originraw": _same("NA", "ORIGIN_RAW"),
    "pendingtime": _of(lambda s: s.pending_s, "PENDING_TIME"),
    "preempttime": _same(NOT_KNOWN, "PREEMPT_TIME"),
    "prefer": _stored("prefer", "PREFER"),
    "profile": _same("NotSet", "PROFILE"),
    "reboot": _same("0", "REBOOT"),
    "reqswitch": _same("0", "REQ_SWITCH"),
    "requeue": _of(lambda s: int(s.row.job.request.requeue), "REQUEUE"),
    "resizetime": _same(NOT_KNOWN, "RESIZE_TIME"),
    "restartcnt": _of(lambda s: 0 if s.row.unit is None else s.row.unit.restarts, "RESTART_COUNT"),
    "siblingsactive": _same("NA", "ACTIVE_SIBLINGS"),
    "siblingsactiveraw": _same("NA", "ACTIVE_SIBLINGS_RAW"),
    "siblingsviable": _same("NA", "VIABLE_SIBLINGS"),
    "siblingsviableraw": _same("NA", "VIALBLE_SIBLINGS_RAW"),
    "sperboard": _same("0", "SOCKETS_PER_BOARD"),
    "stderr": _of(lambda s: s.error, "STDERR"),
    "stdin": _of(lambda s: s.path(s.row.job.request.input, "/dev/null"), "STDIN"),
    "stdout": _of(lambda s: s.output, "STDOUT"),
    "system_comment": _same(NULL, "SYSTEM_COMMENT"),
    "tres-alloc": _of(lambda s: s.row.tres, "TRES_ALLOC"),
    "tres-bind": _same(NOT_KNOWN, "TRES_BIND"),
    "tres-freq": _same(NOT_KNOWN, "TRES_FREQ"),
    "tres-per-job": _same(NOT_KNOWN, "TRES_PER_JOB"),
    "tres-per-socket": _same(NOT_KNOWN, "TRES_PER_SOCKET"),
    "tres-per-task": _same(NOT_KNOWN, "TRES_PER_TASK"),
    "wait4switch": _same("0:00", "WAIT4SWITCH"),
}
_SYNONYMS = {"cpuspertask": "cpus-per-task", "tres": "tres-alloc"}
_ALL = {**_HELD, **_TOPOLOGY, **_ONLY_WORDS}

WORDS: Mapping[str, Field[Seen]] = MappingProxyType(
    {**_ALL, **{synonym: _ALL[word] for synonym, word in _SYNONYMS.items()}}
)
_BY_LETTER = {
    "a": "account", "b": "tres-per-node", "c": "mincpus", "d": "mintmpdisk", "e": "endtime",
    "f": "feature", "g": "groupname", "h": "oversubscribe", "i": "jobarrayid", "j": "name",
    "k": "comment", "l": "timelimit", "m": "minmemory", "n": "reqnodes", "o": "command",
    "p": "priority", "q": "qos", "r": "reason", "s": "selectjobinfo", "t": "statecompact",
    "u": "username", "v": "reservation", "w": "wckey", "y": "nice", "z": "sct",
    "A": "jobid", "B": "batchhost", "C": "numcpus", "D": "numnodes", "E": "dependency",
    "F": "arrayjobid", "G": "groupid", "H": "sockets", "I": "cores", "J": "threads",
    "K": "arraytaskid", "L": "timeleft", "M": "timeused", "N": "nodelist", "O": "contiguous",
    "P": "partition", "Q": "prioritylong", "R": "reasonlist", "S": "starttime", "T": "state",
    "U": "userid", "V": "submittime", "W": "licenses", "X": "corespec", "Y": "schednodes",
    "Z": "workdir",
}  # fmt: skip
LETTERS: Mapping[str, Field[Seen]] = MappingProxyType(
    {
        **{letter: _ALL[word] for letter, word in _BY_LETTER.items()},
        "x": _stored("exclude", "EXC_NODES", ""),
    }
)
EVERY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
