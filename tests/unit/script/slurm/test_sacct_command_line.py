from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import VerbatimError
from tinysched.job.accounting import Accounting, PartName, Window
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.script.grammar import REFUSED
from tinysched.script.slurm import sacct, sstat
from tinysched.script.slurm.sacct_options import BRIEF, LONG, SACCT, SSTAT, USUAL

USERS = {"alice": 1001, "1001": 1001, "bob": 1002, "root": 0}
NOON = 1_899_547_200.0  # 2030-03-12T12:00:00, of clocks an hour ahead of UTC
MIDNIGHT = NOON - 12 * 3600


def ask(*argv: str, uid: int = 1001, **variables: str) -> Accounting:
    caller = sacct.Caller(
        uid=uid,
        variables=variables,
        uid_of=USERS.get,
        gid_of={"quant": 100}.get,
        host="quant1",
        cluster="cell",
        now=NOON - 3600 + 0.5,
        offset_s=lambda _moment: 3600,
    )
    return sacct.read(argv, caller)


def refusal(*argv: str) -> str:
    with pytest.raises(VerbatimError) as refused:
        ask(*argv)
    assert refused.value.exit_code == 1
    return refused.value.text


def window(since: float, until: float, *, is_whole: bool = False) -> Window:
    return Window(since=since - 3600, until=until - 3600, is_whole=is_whole)


REFUSED_LINES = [
    (("-z",), "sacct: invalid option -- 'z'\n"),
    (("--nosuch",), "sacct: unrecognized option '--nosuch'\n"),
    (("--st", "CD"), "sacct: option '--st' is ambiguous; possibilities: '--state' '--starttime'\n"),
    (("-j",), "sacct: option requires an argument -- 'j'\n"),
    (("41", "x"), "sacct: error: Unknown arguments:\nsacct: error:  41\nsacct: error:  x\n"),
    (("-j", "abc"), "sacct: fatal: Bad job/step specified: abc\n"),
    (("-j", "41,-1"), "sacct: fatal: Bad job/step specified: -1\n"),
    (("-j", "41.foo"), "sacct: fatal: Bad step specified: 41\n"),
    (("-j", "41."), "sacct: fatal: Bad step specified: 41\n"),
    (("-j", "46_[1-3]"), "sacct: fatal: Bad job array element specified: 46\n"),
    (("-j", "46_"), "sacct: fatal: Bad job array element specified: 46\n"),
    (("-s", "R,foo"), "sacct: fatal: unrecognized job state value 'foo'\n"),
    (("-s", "CG"), "sacct: fatal: job state CG is not supported / accounted\n"),
    (("-u", "alice,nosuch"), "sacct: error: Invalid user id: nosuch\n"),
    (("-g", "nosuch"), "sacct: error: Invalid group id: nosuch\n"),
    (("-S", "foo"), "Invalid time specification (pos=0): foo\n"),
    (("-E", "2026-11"), "Invalid time specification (pos=0): 2026-11\n"),
    (
        ("-S", "now+1hour"),
        "sacct: error: Start time (2030-03-12T13:00:00) requested is after end time"
        " (2030-03-12T12:00:00).\n",
    ),
    (("-k", "x"), "sacct: fatal: Invalid time limit specification\n"),
    (("-K", "0"), "sacct: fatal: Invalid time limit specification\n"),
    (("-i", "x"), 'sacct: error: Invalid numeric value "x" for requested node range.\n'),
    (("-I", "1-x"), 'sacct: error: Invalid numeric value "1-x" for requested cpu range.\n'),
    (
        ("--units=X",),
        "sacct: error: Invalid unit type 'X'. Possible options are 'KMGTP'\n"
        "sacct: fatal: Invalid unit type\n",
    ),
    (
        ("--whole-hetjob=x",),
        'sacct: error: Invalid --whole-hetjob value "x". Valid values: [yes|no].\n',
    ),
    (
        ("-l", "-o", "jobid"),
        "sacct: fatal: Options -o(--format) and -l(--long) are mutually exclusive."
        " Please remove one and retry.\n",
    ),
    (("-F", "schedmain,x"), "sacct: error: str_2_job_flags: Invalid job flag x\n"),
    (("-f", "/nosuch"), "/nosuch is not a valid file\n"),
    (("-c",), "Slurm job completion is disabled\n"),
    (("--yaml",), "sacct: error: --yaml is not supported: use --json\n"),
    (
        ("-B",),
        "sacct: fatal: When requesting job scripts you must also request specific jobs"
        " with the '-j' option.\n",
    ),
    (
        ("--env-vars",),
        "sacct: fatal: When requesting job environment you must also request specific jobs"
        " with the '-j' option.\n",
    ),
    # Word by word: the first mistake is told.
    (("-u", "nosuch", "-s", "foo"), "sacct: error: Invalid user id: nosuch\n"),
    (("-s", "foo", "-u", "nosuch"), "sacct: fatal: unrecognized job state value 'foo'\n"),
]


def test_what_is_refused():
    for argv, text in REFUSED_LINES:
        assert refusal(*argv) == text, argv


def test_which_time_is_meant():
    now = NOON
    for argv, expected in [
        ((), window(MIDNIGHT, now)),
        (("-S", ""), window(MIDNIGHT, now)),
        (("-E", "now-1hour"), window(MIDNIGHT, now - 3600)),
        (("-S", "now-1hour"), window(now - 3600, now)),
        (("-j", "42"), Window(since=0.0, until=now - 3600, is_whole=True)),
        (("-j", "42", "-S", "now-1hour"), window(now - 3600, now)),
        (("-s", "F"), window(now, now)),
        (("-s", "F", "-S", "now-1hour"), window(now - 3600, now - 3599)),
        (("-s", "F", "-S", "now-1hour", "-E", "now"), window(now - 3600, now)),
        (("-s", "F", "-j", "42"), Window(since=0.0, until=now - 3600, is_whole=True)),
        (("-S", "1970-01-02",), Window(since=86400 - 3600, until=now - 3600)),
        (("-S", "midnight"), window(MIDNIGHT, now)),
        (("-S", "11:30"), window(now - 1800, now)),
        (("-S", "03/12"), window(MIDNIGHT, now)),
    ]:  # fmt: skip
        assert ask(*argv).window == expected, argv


def test_the_time_that_is_meant_is_told_to_who_wants_it():
    assert ask("-v").remarks == (
        "sacct: Jobs Eligible in the time window from Tue Mar 12 00:00:00 2030"
        " to Tue Mar 12 12:00:00 2030\n"
    )
    assert ask("-v", "-j", "42", "-s", "F,cd").remarks == (
        "sacct: Jobs FAILED,COMPLETED in the time window from Epoch 0 to Tue Mar 12 12:00:00 2030\n"
    )
    assert ask().remarks == ""


def test_whose_jobs_are_meant():
    for argv, uids in [
        ((), {1001}),
        (("-a",), None),
        (("-j", "42"), None),
        (("-u", "bob"), {1002}),
        (("-u", "bob", "--uid", "alice"), {1001, 1002}),
        (("-u", "bob", "-a"), None),
        (("-a", "--user=bob"), {1002}),
        (("-u", "bob", "-j", "42"), {1002}),
        (("-j", "0"), {1001}),
    ]:
        assert ask(*argv).wanted.uids == (None if uids is None else frozenset(uids)), argv
    assert ask(uid=0).wanted.uids is None
    assert ask("-u", "").is_silent


def test_jobs_and_steps_are_named():
    assert ask("-j", "42,43_7", "-j", "44.batch,,45_1.0+0,12x").parts == (
        PartName(selector=Selector(number=42)),
        PartName(selector=Selector(number=43, tasks=Ranges.of((7,)))),
        PartName(selector=Selector(number=44), step="batch"),
        PartName(selector=Selector(number=45, tasks=Ranges.of((1,))), step="0"),
        PartName(selector=Selector(number=12)),
    )
    assert ask("-j", "").parts is None


def test_what_else_is_asked_for():
    asked = ask(
        "-XDTne", "-A", "Acct,b", "--name=A,b", "-r", "debug", "-q", "high", "-W", "k", "-N", "n1",
        "-g", "quant,quant", "-C", "fast", "-F", "SchedMain", "-i", "1", "-I", "2-4",
        "-k", "1:30", "-K", "20", "-L", "-x", "0", "--local", "--federation", "--use-local-uid",
        "--whole-hetjob", "-s", "f,PENDING", "-M", "cell,b",
    )  # fmt: skip
    wanted = asked.wanted
    assert (wanted.names, wanted.accounts) == ({"a", "b"}, {"acct", "b"})
    assert (wanted.partitions, wanted.qos, wanted.wckeys) == ({"debug"}, {"high"}, {"k"})
    assert (wanted.hosts, asked.gids, asked.constraints) == ({"n1"}, {100}, {"fast"})
    assert (asked.nodes, asked.cores, asked.limits_s) == ((1, 1), (2, 4), (120, 1200))
    assert asked.states == {"FAILED", "PENDING"}
    assert (asked.flags, asked.is_nothing) == ({"SchedMain"}, False)
    assert (asked.allocations, asked.duplicates, asked.truncates, asked.fields) == (True,) * 4
    assert not asked.style.header
    assert ask("-k", "5").limits_s == (300, 300)
    assert ask("-K", "5").limits_s is None
    assert ask("-r", "").wanted.partitions == frozenset()
    assert ask("--group=quant").gids == {100}
    assert ask("--cluster=other").is_nothing
    assert ask("-x", "7").is_nothing
    assert ask("-B", "-j", "1").is_of_what_nobody_keeps
    assert ask("--env-vars", "-j", "1").is_of_what_nobody_keeps
    assert ask("--json").json


def test_which_fields_are_wanted_and_how():
    for argv, columns in [
        ((), USUAL),
        (("-b",), BRIEF),
        (("--long",), LONG),
        (("-o", "jobid", "--fields=state%5"), "jobid,state%5"),
        (("-b", "-o", "jobid"), f"jobid,{BRIEF}"),
        (("-lb",), f"{BRIEF},{LONG}"),
    ]:
        assert ask(*argv, SACCT_FORMAT="x" if argv else "").style.columns == columns, argv
    assert ask(SACCT_FORMAT="user").style.columns == "user"
    for argv, told in [
        ((), (None, False)),
        (("-P",), ("|", False)),
        (("-p",), ("|", True)),
        (("-pP",), ("|", False)),
        (("-p", "--delimiter=^|^"), ("^|^", True)),
        (("--delimiter=,",), (None, False)),
        (("-P", "--delimiter="), ("", False)),
    ]:
        style = ask(*argv).style
        assert (style.delimiter, style.ends) == told, argv
    style = ask("--units=kB", "--noconvert", SLURM_TIME_FORMAT="relative").style
    assert (style.unit, style.keeps_units, style.time_style) == ("K", True, "relative")


def test_who_names_no_reason_waits_for_any():
    assert ask("--reason", "Dependency").reasons == {"Dependency"}
    assert ask().reasons is None


def test_options_that_change_nothing_are_taken_all_the_same():
    plain = ask()
    for argv in (("--allclusters",), ("-M", "all"), ("--clusters", "cell"), ("--local",)):
        assert ask(*argv) == plain


def test_each_option_has_a_line_of_its_own():
    for table in (SACCT, SSTAT):
        shorts = [option.short for option in table if option.short]
        assert len(set(shorts)) == len(shorts)
        assert all(option.help for option in table)
    refused = [option.name for option in SACCT if option.disposition == REFUSED]
    assert refused == ["completion", "file", "yaml"]


@given(st.lists(st.text(max_size=6) | st.sampled_from(["-j", "-S", "-s", "-o", "-X"]), max_size=5))
def test_any_words_are_an_order_or_a_mistake(argv: list[str]):
    with contextlib.suppress(VerbatimError):
        ask(*argv)


# sstat


def test_sstat_takes_ids_wherever_they_stand():
    asked = sstat.read(["42.batch", "-j", "43_1,44", "-a"])
    assert [part.selector.number for part in asked.parts] == [43, 44, 42]
    assert (asked.every_step, asked.style.columns) == (True, sstat.USUAL)
    asked = sstat.read(["-iPn", "-o", "jobid", "--fields=x", "--noconvert", "-v", "1"])
    assert asked.style.columns == f"{sstat.PIDS},jobid,x"
    style = asked.style
    assert (style.header, style.delimiter, style.ends, style.keeps_units) == (
        False, "|", False, True,
    )  # fmt: skip
    assert sstat.read(["-p", "-j1"]).style.ends
    assert sstat.read(["-e"]).fields


def test_what_sstat_refuses():
    for argv, text in [
        ([], "sstat: error: You didn't give me any jobs to stat.\n"),
        (["-j", ""], "sstat: error: You didn't give me any jobs to stat.\n"),
        (["-j", "abc"], "sstat: fatal: Bad job/step specified: abc\n"),
        (["-j", "49.foo"], "sstat: fatal: Bad step specified: 49\n"),
        (["--nosuch"], "sstat: unrecognized option '--nosuch'\n"),
    ]:
        with pytest.raises(VerbatimError) as refused:
            sstat.read(argv)
        assert refused.value.text == text
