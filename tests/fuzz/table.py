"""Every function of ours that makes sense of what somebody wrote, and what it says to nonsense.

tests/fuzz/test_parsers.py compares with the code, so that none is forgotten. Shared by the tests
here and by tests/fuzz/target.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.fuzz.reading import (
    REQUEST_FILES,
    Parser,
    a_request,
    document,
    raw,
    said,
    stored,
    text,
    words,
)
from tinysched import config, partitions
from tinysched.commands import shellnotice
from tinysched.commands.steps import programs
from tinysched.errors import (
    ConfigError,
    ScriptError,
    SpoolError,
    UsageError,
    VerbatimError,
    WireError,
)
from tinysched.host import crontab, limits, surroundings
from tinysched.job import (
    dependencies,
    filenames,
    mails,
    moments,
    quantities,
    signals,
    spans,
    steps,
    usage,
)
from tinysched.job.model import Exit, JobId, Outcome, RunId
from tinysched.job.ranges import Ranges
from tinysched.report import tsout
from tinysched.report.slurm import sstat as statistics
from tinysched.script import (
    arrays,
    directives,
    grammar,
    jobnames,
    options,
    queries,
    stories,
    submission,
    values,
)
from tinysched.script.slurm import (
    allocations,
    getopt,
    hostlist,
    lint,
    partnames,
    sacct,
    sbatch,
    scancel,
    scontrol,
    scontrol_updates,
    sinfo,
    squeue,
    sstat,
)
from tinysched.script.slurm import steps as stepwords
from tinysched.script.slurm.sacct_options import SACCT
from tinysched.spool import (
    attempts,
    closing,
    counter,
    decoding,
    endedlog,
    legacyrecords,
    locks,
    outbox,
    records,
    requestrecords,
    runrecords,
    staterecords,
    transactions,
    tree,
)
from tinysched.wire import letters, messages
from tinysched.wire.fields import HEADER, unpack
from tinysched.wire.fields import pack as framed

GOLDEN = Path(__file__).parents[1] / "golden"
SETTINGS = submission.Settings(max_array_index=1000)
NAMES = filenames.Names(id=JobId(number=42, task=7), raw_id=49, name="x", user="bob", node="n")
NOW = 1_800_000_000.0

RUN_ID = RunId(job=JobId(number=7), attempt=1)


def a_submission(
    content: bytes, _place: str, read: Callable[..., object] = submission.read
) -> object:
    """Command line, variables and script in one text."""
    line, _, rest = content.partition(b"\1")
    variables, _, script = rest.partition(b"\1")
    pairs = (pair.partition("=") for pair in _decoded(variables).split("\0"))
    given = {f"SBATCH_{name}": value for name, _, value in pairs}
    return read(_decoded(line).split("\0"), given, "/w", script, SETTINGS)


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


ENTRIES = (
    transactions.Entry(transactions.Kind.SCRIPT, 3, content=b"#!/bin/sh"),
    transactions.Entry(transactions.Kind.RECORD, 3, 7, tree.RUNNING, 2, b"{}"),
    transactions.Entry(transactions.Kind.GONE, 4),
)


def record(name: str) -> bytes:
    """A record as it was released."""
    return (GOLDEN / "records" / "v1" / name).read_bytes()


def part(name: str, *path: str) -> bytes:
    """A part of one."""
    found = json.loads(record(name))
    for step in path:
        found = found[step]
    return json.dumps({"format": 1, **found}).encode()


def frames(to: str, verb: str) -> tuple[bytes, ...]:
    """Messages as they were released, without their frame header."""
    found = sorted((GOLDEN / "wire" / "v1").glob(f"{to}.{verb}.*"))
    return tuple(path.read_bytes()[4:] for path in found)


def pack(verb: str, fields: list[tuple[str, bytes]]) -> bytes:
    """A message of ours, without its frame header."""
    return framed(verb, fields)[HEADER:]


LIMITS = Path("/proc/self/limits").read_bytes()
WHOLE_REQUEST = outbox.together(REQUEST_FILES.items())
SHELL = b"nice 0\ngid 5\ngroups 5 6\ncores 0 1\n" + LIMITS
ENDED, STARTED = frames("dispatcher", "ended"), frames("dispatcher", "started")
RANGES = (b"1-3,7,9-15:2", b"0-99:4", b"5")
ORDERS = frames("agent", "stop") + frames("agent", "signal") + frames("worker", "signal")
LETTER = letters.Letter(
    token="t", job=JobId(number=42, task=7), event=mails.Event.END, subject="Slurm x"
)
LETTERS = (pack(letters.VERB, LETTER.fields()),)
AMENDS = (pack("amend", [("run", b"42.1"), ("suspended", b"1"), ("limit_s", b"60")]),)
NOTICES = (pack("notify", [("run", b"42.1"), ("words", b"hello there")]),)
JOBS = tuple(
    record(f"job-{kind}.meta")
    for kind in ("array", "cancelled", "ended", "granted", "pending", "running")
)
UNITS = tuple(part(f"job-{kind}.meta", "unit") for kind in ("pending", "running", "ended"))
BASH = b"job_id=5\nname=\"test pi\"\nuser=bob\nstate=COMPLETED\nexport X='y z' # c\n"

SUBMISSIONS = (
    b"-c4\0job.sh\0a\1TIMELIMIT=5\0ARRAY_INX=1-3\1#!/bin/sh\n#SBATCH -o %j.out\ntrue\n",
    b"--wrap=true\0--export=ALL,A=1\1\1#!/bin/sh\ntrue",
)
STEPS = (b"0 tasks=2 cores=1 from=1.5 pids=5,6 to=2.5 exit=0:0 cpu=1 system=1 peak_kib=9 name=x y",)
CANCELLER = scancel.Caller(uid=1002, variables={}, uid_of=lambda _name: None)
ACCOUNTANT = sacct.Caller(
    uid=1002, variables={}, uid_of=lambda _name: None, gid_of=lambda _name: None, host="n",
    cluster="c", now=NOW, offset_s=lambda _moment: 3600,
)  # fmt: skip
CALLER = squeue.Caller(uid=1002, variables={}, uid_of=lambda _name: None, host="n")

PARSERS: dict[str, Parser] = {
    "commands/shellnotice.py Shell.read": Parser(
        read=raw(shellnotice.Shell.read), errors=(ValueError,), seeds=(SHELL,)
    ),
    "commands/steps/programs.py read": Parser(
        read=text(lambda content: programs.assigned(content, "m", 3)),
        errors=(VerbatimError,),
        seeds=(b"# c\n0 echo %t %o\n1-2,7 sh -c x\n", b"1 a\n* b\n"),
    ),
    "config.py parse": Parser(
        read=text(config.parse),
        errors=(ConfigError,),
        longest=1000,  # only the admin writes it, and yaml takes its time for what is nested
        seeds=(
            b"cpus: 4\nkill_wait_s: 0.5\nadmins: [bob, 1001]\nprivacy: private\n",
            b"cpu_fraction: 0.5\nlog_level: debug\npurge_age_days: null\n",
            b"partitions:\n  debug: {default: yes, max_time_s: 60, users: [bob]}\n",
        ),
    ),
    "host/crontab.py without_line": Parser(
        read=text(lambda found: crontab.without_line(found, "/q")),
        seeds=(b"@reboot x # tinysched /q\n* * * * * true\n",),
    ),
    "host/limits.py parse": Parser(read=text(limits.parse), seeds=(LIMITS,)),
    "host/surroundings.py read_mounts": Parser(
        read=text(surroundings.read_mounts),
        seeds=(b"proc /proc proc rw,hidepid=2 0 0\n/dev/x /a\\040b ext4 ro 0 0\n",),
    ),
    "job/dependencies.py parse": Parser(
        read=text(dependencies.parse),
        errors=(ValueError,),
        seeds=(b"afterok:41:42,afterany:43_7", b"after:44+5?singleton", b"45", b"aftercorr:4_*"),
    ),
    "job/filenames.py expand": Parser(
        read=text(lambda pattern: filenames.expand(pattern, NAMES)),
        seeds=(b"slurm-%4A_%a.%x.%%.out", b"\\%j", b"%u%N%n%t%s%123j"),
    ),
    "job/filenames.py resolve": Parser(
        read=text(lambda pattern: filenames.resolve(pattern, "/w", NAMES)),
        seeds=(b"none", b"/dev/null", b"a/%j", b"/x/../%x"),
    ),
    "job/model.py Exit.parse": Parser(
        read=text(Exit.parse), errors=(ValueError,), seeds=(b"0:15", b"3:0")
    ),
    "job/model.py JobId.parse": Parser(
        read=text(JobId.parse), errors=(ValueError,), seeds=(b"42", b"42_7")
    ),
    "job/model.py RunId.parse": Parser(
        read=text(RunId.parse), errors=(ValueError,), seeds=(b"42.1", b"42_7.12")
    ),
    "job/moments.py parse_moment": Parser(
        read=text(lambda words: moments.parse_moment(words, NOW, lambda _at: 3600)),
        errors=(ValueError,),
        seeds=(
            b"now+1hour",
            b"16:00",
            b"2031-05-06T07:08:09",
            b"tomorrow",
            b"noon",
            b"12/31/31",
            b"010231 4:05 pm",
            b"now-2weeks",
            b"29.2.",
        ),
    ),
    "job/quantities.py parse_duration": Parser(
        read=text(quantities.parse_duration),
        errors=(ValueError,),
        seeds=(b"5", b"1:30", b"1:02:03", b"2-3:04:05", b"UNLIMITED", b"7-12"),
    ),
    "job/quantities.py parse_memory": Parser(
        read=text(quantities.parse_memory), errors=(ValueError,), seeds=(b"2G", b"100", b"0", b"5T")
    ),
    "job/ranges.py Ranges.parse": Parser(
        read=text(Ranges.parse), errors=(ValueError,), seeds=RANGES
    ),
    "job/signals.py number_of": Parser(
        read=text(signals.number_of), errors=(ValueError,), seeds=(b"USR1", b"sigterm", b"10")
    ),
    "job/spans.py parse_spans": Parser(
        read=text(spans.parse_spans), errors=(ValueError,), seeds=RANGES
    ),
    "job/steps.py Process.parse": Parser(
        read=text(steps.Process.parse), errors=(ValueError,), seeds=(b"4711:123456",)
    ),
    "job/steps.py read": Parser(read=text(steps.read), errors=(ValueError,), seeds=STEPS),
    "job/steps.py read_all": Parser(
        read=text(lambda found: steps.read_all(found.split("\n"))), seeds=STEPS
    ),
    "partitions.py read": Parser(
        read=raw(lambda content: partitions.read(json.loads(content))),
        errors=(ValueError, RecursionError),  # of json, not of ours
        seeds=(b'{"debug": {"default": true, "max_time_s": 60, "users": ["bob"], "cores": 2}}',),
    ),
    "report/tsout.py unpack": Parser(
        read=raw(tsout.unpack),
        errors=(ValueError,),
        seeds=(b"1\tOUT\tgrowing\t/a\\tb\\\\\n1\t2\t3\t4",),
    ),
    "script/arrays.py parse": Parser(
        read=text(lambda found: arrays.parse(found, 1000)),
        errors=(ValueError,),
        seeds=(b"0-15:4%2", b"1,2,5", b"1-10"),
    ),
    "script/directives.py read": Parser(
        read=raw(lambda script: directives.read(script, "job.sh")),
        errors=(ScriptError,),
        seeds=(
            b"#!/bin/sh\n#SBATCH -c 4 --time=5 # x\n#SBATCH --job-name='a b'\ntrue\n#SBATCH -n1\n",
        ),
    ),
    "script/directives.py check": Parser(
        read=raw(lambda script: directives.check(script, "job.sh")),
        errors=(ScriptError,),
        seeds=(b"#!/bin/sh\ntrue\n", b"#!/bin/sh\r\n"),
    ),
    "script/directives.py split_words": Parser(
        read=text(directives.split_words),
        errors=(ValueError,),
        seeds=(b'-c 4 --x=\'a b\' "c\\"d" e\\ f # g',),
    ),
    "script/grammar.py parse": Parser(
        read=words(partial(grammar.parse, options.TSBATCH)),
        errors=(grammar.MisreadError,),
        seeds=(b"-c4\0--time\0005\0-HQ\0--\0x", b"--job=x\0job.sh"),
    ),
    "script/grammar.py split": Parser(
        read=words(lambda argv: grammar.split(options.TSQUEUE, argv, "tsqueue")),
        errors=(UsageError,),
        seeds=(b"-u\0bob\0-t\0PD,R\0--json", b"-hr\0-j1"),
    ),
    "script/queries.py cancel": Parser(
        read=words(lambda argv: queries.cancel(argv, me="bob")),
        errors=(UsageError,),
        seeds=(b"42\00043_[1-5]\0-s\0USR1", b"-u\0bob\0-t\0PENDING"),
    ),
    "script/queries.py control": Parser(
        read=words(queries.control), errors=(UsageError,), seeds=(b"hold\0001,2", b"show\0job\0003")
    ),
    "script/queries.py out": Parser(
        read=words(queries.out), errors=(UsageError,), seeds=(b"42\00043_7", b"44_[1-3]")
    ),
    "script/queries.py purge": Parser(
        read=words(queries.purge), errors=(UsageError,), seeds=(b"--keep-last=3", b"--age\0002.5")
    ),
    "script/queries.py queue": Parser(
        read=words(lambda argv: queries.queue(argv, me="bob")),
        errors=(UsageError,),
        seeds=(b"-u\0bob\0-t\0PD,R\0--json", b"-hr\0-j1_[2-4,9]", b"--me\0-a\0-n\0x"),
    ),
    "script/jobnames.py selectors": Parser(
        read=text(jobnames.selectors), errors=(ValueError,), seeds=(b"42,43_7,44_[2-4,9]",)
    ),
    "script/slurm/allocations.py read": Parser(
        read=words(lambda argv: allocations.read("srun", argv, {}, "/w", SETTINGS)),
        errors=(VerbatimError,),
        seeds=(b"-c4\0-t\0005\0--mem=2G\0sleep\0001", b"--pty\0bash"),
    ),
    "job/usage.py read": Parser(
        read=text(usage.read), seeds=(b"peak_memory_kib=20480 read_bytes=7 system_ms=125",)
    ),
    "script/slurm/steps.py read": Parser(
        read=words(lambda argv: stepwords.read(argv, {})),
        errors=(VerbatimError,),
        seeds=(b"--overlap\0-n2\0-l\0hostname", b"--jobid\00042\0-o\0%j.%t\0true"),
    ),
    "script/slurm/hostlist.py expand": Parser(
        read=text(hostlist.expand), errors=(ValueError,), seeds=(b"n[01-03,7],m", b"localhost")
    ),
    "script/slurm/sbatch.py read": Parser(
        read=partial(a_submission, read=sbatch.read), errors=(VerbatimError,), seeds=SUBMISSIONS
    ),
    "script/slurm/partnames.py split": Parser(
        read=words(lambda argv: partnames.split(SACCT, argv, "sacct")),
        errors=(VerbatimError,),
        seeds=(b"-X\0-j42\0--delimiter=|\0x",),
    ),
    "script/slurm/sacct.py read": Parser(
        read=words(lambda argv: sacct.read(argv, ACCOUNTANT)),
        errors=(VerbatimError,),
        seeds=(
            b"-S\0now-1hour\0-E\00016:00\0-s\0F,CD\0-o\0jobid%20,state",
            b"-XPvj\00042,43_7,44.batch\0--units=G\0-k5\0-K\0001:00:00\0-I2-4",
        ),
    ),
    "script/slurm/sstat.py read": Parser(
        read=words(sstat.read),
        errors=(VerbatimError,),
        seeds=(b"-aPj\00042.0,43\0-o\0maxrss", b"-i\00042"),
    ),
    "report/slurm/sstat.py unpack": Parser(
        read=raw(statistics.unpack),
        errors=(ValueError,),
        seeds=(b"42\tbatch\t1\t4711\t4712,4713\nerror\tno steps",),
    ),
    "script/slurm/scancel.py read": Parser(
        read=words(lambda argv: scancel.read(argv, CANCELLER)),
        errors=(VerbatimError,),
        seeds=(b"-s\0USR1\00042\00043_[1-3]", b"-u\0bob\0--me", b"-b\0-t\0PD\0-n\0x"),
    ),
    "script/slurm/scontrol.py read": Parser(
        read=words(scontrol.read),
        errors=(VerbatimError,),
        seeds=(b"-o\0show\0job\00042", b"update\0JobId=42\0TimeLimit=+5", b"-Q\0hold\00042_7"),
    ),
    "script/slurm/sinfo.py read": Parser(
        read=words(lambda argv: sinfo.read(argv, {})),
        errors=(VerbatimError,),
        seeds=(b"-N\0-o\0%9P %.5a\0-t\0idle&drain,mix", b"-hs\0-pdebug\0-n\0n[1-3]"),
    ),
    "script/slurm/lint.py examine": Parser(
        read=raw(lambda script: lint.examine(script, "job.sh", SETTINGS)),
        seeds=(b"#!/bin/sh\n#SBATCH -t 5 --mem=2G\n# SBATCH\n#PBS -N x\ntrue\n#SBATCH -n 2",),
    ),
    "script/slurm/scontrol_updates.py read": Parser(
        read=words(lambda argv: scontrol_updates.read(argv or [""])),
        errors=(VerbatimError,),
        seeds=(b"JobId=42\0TimeLimit=+5\0Nice", b"job\00042\0Name=x", b"name=x\0Comment+=y"),
    ),
    "script/slurm/squeue.py read": Parser(
        read=words(lambda argv: squeue.read(argv, CALLER)),
        errors=(VerbatimError,),
        seeds=(b"-u\0bob\0-t\0PD,R\0-o\0%i %j", b"-hr\0-j1_2", b"--me\0-l\0-S\0-p"),
    ),
    "script/slurm/getopt.py split": Parser(
        read=words(lambda argv: getopt.split(options.TSBATCH, argv, "sbatch", exit_code=255)),
        errors=(VerbatimError,),
        seeds=(b"-c4\0--time\0005\0-HQ\0--\0x", b"--job=x\0job.sh"),
    ),
    "script/stories.py read": Parser(
        read=words(stories.read),
        errors=(UsageError,),
        seeds=(b"why\00042", b"why\0--json\0007_1"),
    ),
    "script/submission.py read": Parser(
        read=a_submission,
        errors=(ScriptError, UsageError),
        seeds=SUBMISSIONS,
    ),
    "script/submission.py read_foreground": Parser(
        read=words(lambda argv: submission.read_foreground(argv, "/w")),
        errors=(UsageError,),
        seeds=(b"4\0no\0true\0x", b"1\0yes\0sleep\0005"),
    ),
    "script/values.py count": Parser(
        read=text(values.count), errors=(ValueError,), seeds=(b"4", b"0016")
    ),
    "script/values.py export": Parser(
        read=text(values.export),
        errors=(ValueError,),
        seeds=(b"ALL,A='x,y',B", b"NONE", b"NIL,C=1"),
    ),
    "script/values.py limit_signal": Parser(
        read=text(values.limit_signal),
        errors=(ValueError,),
        seeds=(b"B:USR1@120", b"10", b"TERM@5"),
    ),
    "script/values.py line": Parser(read=text(values.line), errors=(ValueError,), seeds=(b"x y",)),
    "spool/attempts.py read": Parser(
        read=stored(tree.ATTEMPTS, lambda folder: attempts.read(folder, os.getuid())),
        errors=(SpoolError,),
        seeds=(b"\n42.1\n42.2\n42_7.1",),
    ),
    "spool/counter.py read_last": Parser(
        read=stored(tree.LAST_ID, counter.read_last), seeds=(b"42\n", b"0")
    ),
    "spool/decoding.py parse": Parser(
        read=raw(lambda content: decoding.parse(content, "record")),
        errors=(SpoolError,),
        seeds=(JOBS[0], record("grant")),
    ),
    "spool/endedlog.py parse": Parser(read=raw(endedlog.parse), seeds=(record("ended.log"),)),
    "spool/legacyrecords.py is_legacy": Parser(
        read=raw(legacyrecords.is_legacy), seeds=(BASH, JOBS[1])
    ),
    "spool/legacyrecords.py parse_lines": Parser(
        read=text(legacyrecords.parse_lines), seeds=(BASH,)
    ),
    "spool/legacyrecords.py translate_config": Parser(
        read=text(legacyrecords.translate_config),
        seeds=(b"CPU_FRACTION=0.5\nexport POLL_INTERVAL='2'\n",),
    ),
    "spool/legacyrecords.py read": Parser(
        read=raw(lambda content: legacyrecords.read(content, (5, None), 1000, Outcome.FAILED)),
        seeds=(BASH,),
    ),
    "spool/legacyrecords.py read_request": Parser(
        read=text(lambda found: legacyrecords.read_request(legacyrecords.parse_lines(found), "x")),
        seeds=(BASH, b"req_cpus=4\nmem_mb=2048\ntime_limit=1-0\noutput=%j.out\n"),
    ),
    "spool/records.py read_job": Parser(
        read=raw(lambda content: records.read_job(content, "record")),
        errors=(SpoolError,),
        seeds=JOBS,
    ),
    "spool/records.py read_task": Parser(
        read=raw(lambda content: records.read_task(content, "record")),
        errors=(SpoolError,),
        seeds=(record("task-ended.meta"), record("task-running.meta")),
    ),
    "spool/requestrecords.py read_dependencies": Parser(
        read=document(requestrecords.read_dependencies),
        errors=(SpoolError,),
        seeds=(part("job-pending.meta", "request"),),
    ),
    "spool/requestrecords.py read_request": Parser(
        read=document(requestrecords.read_request),
        errors=(SpoolError,),
        seeds=(part("job-pending.meta", "request"), part("job-array.meta", "request")),
    ),
    "spool/requests.py read_request": Parser(
        read=a_request, errors=(SpoolError,), seeds=(b"a\0b=c\0", b"0022\n", LIMITS, WHOLE_REQUEST)
    ),
    "spool/transactions.py frames": Parser(
        read=raw(lambda content: list(transactions.frames(b"sixteen!", content))),
        seeds=(transactions.head(3, b"sixteen!") + transactions.frame(b"sixteen!", ENTRIES),),
    ),
    "spool/transactions.py read_head": Parser(
        read=raw(transactions.read_head), seeds=(transactions.head(3, b"sixteen!"),)
    ),
    "spool/runrecords.py read_ending": Parser(
        read=raw(lambda content: runrecords.read_ending(content, "exit")),
        errors=(SpoolError,),
        seeds=(record("exit"),),
    ),
    "spool/runrecords.py read_exit": Parser(
        read=document(runrecords.read_exit),
        errors=(SpoolError,),
        seeds=(b'{"format": 1, "exit": {"code": 3, "signal": 0}}', b'{"format": 1, "exit": null}'),
    ),
    "spool/runrecords.py read_grant": Parser(
        read=raw(lambda content: runrecords.read_grant(content, "grant")),
        errors=(SpoolError,),
        seeds=(record("grant"),),
    ),
    "spool/runrecords.py read_started": Parser(
        read=raw(lambda content: runrecords.read_started(content, "started", RUN_ID)),
        errors=(SpoolError,),
        seeds=(record("started"),),
    ),
    "spool/runrecords.py read_steps": Parser(
        read=document(runrecords.read_steps),
        errors=(SpoolError,),
        seeds=(json.dumps({"format": 1, "steps": [STEPS[0].decode()]}).encode(), b'{"format": 1}'),
    ),
    "spool/staterecords.py read_history": Parser(
        read=document(staterecords.read_history), errors=(SpoolError,), seeds=UNITS
    ),
    "spool/staterecords.py read_unit": Parser(
        read=document(lambda found: staterecords.read_unit(found, JobId(number=1))),
        errors=(SpoolError,),
        seeds=UNITS,
    ),
    "spool/closing.py read_closures": Parser(
        read=raw(lambda content: closing.read_closures(content, "closed")),
        errors=(SpoolError,),
        seeds=(
            b'{"format": 1, "host": {"reason": "x", "by": 0, "at": 1.5}, "partitions": ["a"]}',
            b'{"format": 1, "host": null, "partitions": []}',
        ),
    ),
    "spool/runrecords.py read_amended": Parser(
        read=raw(lambda content: runrecords.read_amended(content, "amended")),
        errors=(SpoolError,),
        seeds=(b'{"format": 1, "limit_s": 60, "paused_at": 7.5, "paused_s": 1}',),
    ),
    "spool/runrecords.py read_usage": Parser(
        read=document(runrecords.read_usage),
        errors=(SpoolError,),
        seeds=(b'{"usage": "peak_memory_kib=20480 system_ms=125"}', b"{}"),
    ),
    "spool/runrecords.py read_lingering": Parser(
        read=raw(lambda content: runrecords.read_lingering(content, "lingering")),
        errors=(SpoolError,),
        seeds=(b'{"format": 1, "lingering": ["4711 sleep"]}', b'{"format": 1}'),
    ),
    "spool/locks.py pid_in": Parser(read=raw(locks.pid_in), seeds=(b"4711\n", b"-")),
    "spool/tree.py read_aside_name": Parser(
        read=text(tree.read_aside_name), seeds=(b"running.job_42_7.meta.1",)
    ),
    "spool/tree.py read_name": Parser(
        read=text(tree.read_name), seeds=(b"job_42.meta", b"job_42_7.script")
    ),
    "spool/tree.py read_run_name": Parser(
        read=text(tree.read_run_name), seeds=(b"42.1", b"42_7.12")
    ),
    "wire/fields.py unpack": Parser(
        read=raw(unpack), errors=(WireError,), seeds=(*ENDED, *frames("dispatcher", "queue"))
    ),
    "job/mails.py read_types": Parser(
        read=text(mails.read_types), errors=(ValueError,), seeds=(b"END,FAIL", b"ALL,ARRAY_TASKS")
    ),
    "wire/letters.py read": Parser(read=said(letters.read), errors=(WireError,), seeds=LETTERS),
    "wire/messages.py Started.read": Parser(
        read=said(messages.Started.read), errors=(WireError,), seeds=STARTED
    ),
    "wire/messages.py check_protocol": Parser(
        read=said(messages.check_protocol), errors=(WireError,), seeds=frames("dispatcher", "hello")
    ),
    "wire/messages.py read_ending": Parser(
        read=said(messages.read_ending), errors=(WireError,), seeds=ENDED
    ),
    "wire/messages.py read_grant": Parser(
        read=said(messages.read_grant), errors=(WireError,), seeds=frames("agent", "grant")
    ),
    "wire/messages.py read_lingering": Parser(
        read=said(messages.read_lingering), errors=(WireError,), seeds=STARTED
    ),
    "wire/messages.py read_number": Parser(
        read=said(lambda message: messages.read_number(message, "pid")),
        errors=(WireError,),
        seeds=STARTED,
    ),
    "wire/messages.py read_amendment": Parser(
        read=said(messages.read_amendment), errors=(WireError,), seeds=AMENDS
    ),
    "wire/messages.py read_notice": Parser(
        read=said(messages.read_notice), errors=(WireError,), seeds=NOTICES
    ),
    "wire/messages.py read_reach": Parser(
        read=said(messages.read_reach), errors=(WireError,), seeds=ORDERS
    ),
    "wire/messages.py read_run": Parser(
        read=said(messages.read_run), errors=(WireError,), seeds=STARTED
    ),
    "wire/messages.py read_runs": Parser(
        read=said(messages.read_runs), errors=(WireError,), seeds=frames("dispatcher", "hello")
    ),
    "wire/messages.py read_signal": Parser(
        read=said(messages.read_signal), errors=(WireError,), seeds=ORDERS
    ),
    "wire/messages.py read_step": Parser(
        read=said(messages.read_step),
        errors=(WireError,),
        seeds=(pack("step", [("step", b"3"), ("signal", b"10")]),),
    ),
    "wire/messages.py read_steps": Parser(
        read=said(messages.read_steps),
        errors=(WireError,),
        seeds=(pack("steps", [("step", STEPS[0]), ("gone", b"7")]),),
    ),
    "wire/messages.py read_stop": Parser(
        read=said(messages.read_stop), errors=(WireError,), seeds=ORDERS
    ),
}

# What is called like a parser and is none: it hands over to one above, or makes sense of nothing.
NO_PARSERS = {
    "commands/ownqueue.py read": "asks spool/",
    "commands/submitting.py read": "bytes, as they are",
    "config.py load": "hands over to parse",
    "programs/dispatch/submissions.py read": "hands over to script/submission.py",
    "spool/atomic.py Folder.read": "bytes, as they are",
    "spool/requests.py read_alterations": "words and names, as read_request reads its own",
    "spool/disk.py Disk.read": "bytes, as they are",
    "spool/endedlog.py EndedLog.read": "hands over to parse",
    "spool/loading.py Loader.load": "hands over to records.py",
    "spool/queuefiles.py QueueFiles.read": "hands over to records.py",
    "spool/queuefiles.py QueueFiles.read_as": "hands over to records.py",
    "spool/queuefiles.py QueueFiles.read_script": "bytes, as they are",
    "spool/reading.py load_only": "hands over to records.py",
    "spool/store.py Store.load": "hands over to records.py",
    "spool/store.py Store.read_script": "bytes, as they are",
    "spool/store.py read_only": "hands over to records.py",
}
