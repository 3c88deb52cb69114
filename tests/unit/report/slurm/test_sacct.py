"""What sacct prints, in the shapes that a Slurm was seen to print."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.report.made import DONE, EXIT_3, HERE, MORNING, RUNS, array, plain, task
from tests.unit.report.slurm.accounts import BARS, MEASURED, TODAY, cancelled, named, rows, show
from tests.unit.report.slurm.listing import CANCELLED, known
from tinysched.job.accounting import Style, Window
from tinysched.job.history import History
from tinysched.job.model import Exit, Hold, Job, JobId, Outcome, Pending, Reason, Step, Unit
from tinysched.job.ranges import Ranges
from tinysched.job.wanted import Wanted
from tinysched.report.slurm.sacct_fields import FIELDS
from tinysched.script.slurm.sacct_options import BRIEF, LONG, USUAL


def test_the_usual_columns():
    snapshot = known(plain(state=MEASURED, account="acct1", name="a_very_long_name", ntasks=2))
    wide = Style(columns=USUAL)
    assert show(snapshot, style=wide) == (
        "JobID           JobName  Partition    Account  AllocCPUS      State ExitCode \n"
        "------------ ---------- ---------- ---------- ---------- ---------- -------- \n"
        "42           a_very_lo+      debug      acct1          1  COMPLETED      0:0 \n"
        "42.batch          batch                 acct1          1  COMPLETED      0:0 \n"
        "42.0                 sh                 acct1          2     FAILED      3:0 \n"
        "42.1              sleep                 acct1          2  COMPLETED      0:0 \n"
    )
    assert show(snapshot, style=replace(wide, columns=BRIEF), allocations=True) == (
        "JobID             State ExitCode \n"
        "------------ ---------- -------- \n"
        "42            COMPLETED      0:0 \n"
    )


def test_how_states_and_ends_are_told():
    launch = Reason(name="JobLaunchFailure")
    for state, whole, batch in [
        (EXIT_3, "FAILED|3:0", "FAILED|3:0"),
        (replace(EXIT_3, exit=Exit(signal=9)), "FAILED|0:9", "CANCELLED|0:9"),
        (
            replace(DONE, outcome=Outcome.TIMEOUT, exit=Exit(signal=15)),
            "TIMEOUT|0:0", "CANCELLED|0:15",
        ),
        (replace(DONE, outcome=Outcome.TIMEOUT), "TIMEOUT|0:0", "COMPLETED|0:0"),
        (
            replace(DONE, outcome=Outcome.OUT_OF_MEMORY),
            "OUT_OF_MEMORY|0:125", "OUT_OF_MEMORY|0:125",
        ),
        (replace(DONE, outcome=Outcome.NODE_FAIL, exit=None), "NODE_FAIL|0:0", "CANCELLED|0:0"),
        (
            replace(EXIT_3, exit=None, started_at=None, reason=launch),
            "FAILED|0:53", "CANCELLED|0:53",
        ),
        (RUNS, "RUNNING|0:0", "RUNNING|0:0"),
    ]:  # fmt: skip
        assert rows(known(plain(state=state))) == [f"42|{whole}", f"42.batch|{batch}"], state
    assert rows(known(plain(state=EXIT_3, foreground=True))) == ["42|FAILED|3:0"]


def test_who_cancelled_is_told():
    assert rows(known(cancelled())) == ["42|CANCELLED by 1001|0:0"]
    ran = replace(CANCELLED, started_at=MORNING + 1, exit=Exit(signal=15))
    assert rows(known(cancelled(ran))) == [
        "42|CANCELLED by 1001|0:0",
        "42.batch|CANCELLED|0:15",
    ]
    wide = Style(columns="state%10,jobid", header=False)
    assert show(known(cancelled()), style=wide) == "CANCELLED+ 42           \n"
    gave_up = plain(state=CANCELLED)
    assert rows(known(gave_up)) == ["42|CANCELLED|0:0"]


def test_times_of_what_never_ran():
    columns = "submit,eligible,start,end,elapsed,nodelist,alloctres,timelimit,reserved"
    begun = "2023-11-14T23:13:20"
    assert rows(known(cancelled()), columns) == [
        f"{begun}|{begun}|2023-11-14T23:14:10|2023-11-14T23:14:10|00:00:00|None assigned||"
        "Partition_Limit|00:00:50"
    ]
    held = replace(cancelled(), hold=Hold.USER)
    assert rows(known(held), "eligible,reason") == ["Unknown|JobHeldUser"]
    waiting = plain()
    assert rows(known(waiting), columns) == [
        f"{begun}|{begun}|Unknown|Unknown|00:00:00|None assigned||Partition_Limit|00:01:40"
    ]


def test_what_was_measured():
    columns = (
        "jobid,totalcpu,usercpu,systemcpu,maxrss,averss,maxvmsize,maxdiskread,avediskwrite,avecpu,"
        "ntasks,layout,maxrsstask"
    )
    assert rows(known(plain(state=MEASURED)), columns) == [
        "42|00:02.371|00:02.006|00:00.365|||||||||",
        "42.batch|00:02.362|00:00:02|00:00.362|264156K|264156K|300M|0.01M|50.00M|00:00:02|1|"
        "Unknown|0",
        "42.0|00:00.009|00:00.006|00:00.003|||||||1|Cyclic|",
        "42.1|00:00:00|00:00:00|00:00:00|1676K|1676K|0|0|0|00:00:00|2|Block|0",
    ]
    assert rows(known(plain(state=MEASURED)), "tresusageintot,tresusageoutmax,alloctres") == [
        "||billing=1,cpu=1,mem=1000M,node=1",
        "cpu=00:00:02,energy=0,fs/disk=11087,mem=264156K,pages=0,vmem=300M|"
        "energy=0,fs/disk=50M|cpu=1,mem=1000M,node=1",
        "energy=0||cpu=2,mem=1000M,node=1",
        "cpu=00:00:00,energy=0,fs/disk=0,mem=1676K,pages=0,vmem=0|energy=0,fs/disk=0|"
        "cpu=2,mem=1000M,node=1",
    ]
    assert rows(known(plain(state=MEASURED)), "derivedexitcode", allocations=True) == ["3:0"]
    assert rows(known(plain(state=RUNS)), "maxrss,avecpu,tresusageintot") == ["||", "||"]


def test_amounts_are_told_in_the_unit_that_is_asked_for():
    snapshot = known(plain(state=MEASURED))
    columns = "reqmem,maxrss,alloctres"
    for style, expected in [
        (replace(BARS, unit="K"), "|264156K|cpu=1,mem=1024000K,node=1"),
        (replace(BARS, unit="G"), "|0.25G|cpu=1,mem=0.98G,node=1"),
        (replace(BARS, keeps_units=True), "|270495744|cpu=1,mem=1000M,node=1"),
    ]:
        assert rows(snapshot, style=replace(style, columns=columns))[1] == expected


def test_fields_are_found_by_how_their_names_begin():
    snapshot = known(plain())
    assert rows(snapshot, "JOBI,sTaTe,timelimitr,,user") == ["42|PENDING|Partition_Limit"]
    assert show(snapshot, "jobid,nosuch%3") == ('sacct: error: Invalid field requested: "nosuch"\n')
    assert len(rows(snapshot, "ALL")[0].split("|")) == len(FIELDS)
    wide = Style(columns="jobid%4,jobid%-6,state%3,state,jobname%0,user%x")
    assert show(known(plain(number=424242)), style=wide) == (
        "JobID  JobID  Sta Sta   \n------ ------ --- ---   \n424242 424242 PE+ PE+   \n"
    )
    ends = Style(columns="jobid,state", delimiter="^|^", ends=True)
    assert show(snapshot, style=ends) == "JobID^|^State^|^\n42^|^PENDING^|^\n"


def test_the_list_of_fields():
    text = show(known(), fields=True)
    assert text.splitlines()[0] == (
        "Account             AdminComment        AllocCPUS           AllocNodes         "
    )
    assert text.endswith("\nWorkDir            \n")
    assert text.split() == list(FIELDS)


def test_what_a_job_waited_for_is_told_but_not_what_comes_and_goes():
    late = array(tasks=Ranges.span(1, 4), todo=Ranges(), limit=2)
    units = {42: [task(42, 1, EXIT_3), task(42, 4, EXIT_3)]}
    assert rows(known(late, units=units), "jobid,reason", allocations=True) == [
        "42_1|None", "42_4|JobArrayTaskLimit",
    ]  # fmt: skip
    for job, reason in [
        (plain(), "None"),
        (plain(state=EXIT_3), "None"),
        (plain(state=EXIT_3, held=True), "JobHeldUser"),
        (plain(state=EXIT_3, begin_at=MORNING + 5), "BeginTime"),
    ]:
        assert rows(known(job), "reason", allocations=True) == [reason]


def test_what_could_not_be_launched_had_its_cores_all_the_same():
    failed = replace(EXIT_3, exit=None, started_at=None, reason=Reason(name="JobLaunchFailure"))
    columns = "allocnodes,alloctres,nodelist,flags,timelimit,reason"
    assert rows(known(plain(state=failed)), columns, allocations=True) == [
        "1|billing=1,cpu=1,mem=1000M,node=1|quant1|SchedMain,StartRecieved|UNLIMITED|None"
    ]


def test_what_nobody_keeps_is_not_told():
    assert show(known(plain()), is_of_what_nobody_keeps=True) == ""


def test_every_field_of_the_long_form_says_something_of_every_row():
    jobs = [plain(1), plain(2, RUNS), plain(3, MEASURED), cancelled()]
    for line in rows(known(*jobs), LONG):
        assert len(line.split("|")) == LONG.count(",") + 1


def test_tasks_of_arrays_and_what_waits_of_them():
    snapshot = known(
        array(tasks=Ranges.span(1, 6), todo=Ranges.span(3, 6), limit=2),
        units={42: [task(42, 1, EXIT_3), task(42, 2, RUNS, raw_id=42)]},
    )
    assert rows(snapshot, "jobid,jobidraw,state", allocations=True) == [
        "42_1|1001|FAILED",
        "42_2|42|RUNNING",
        "42_[3-6%2]|42|PENDING",
    ]
    for ids, found in [
        (("42_1",), ["42_1"]),
        (("42_2.batch", "42_1"), ["42_1", "42_2"]),
        (("42_5",), []),
        (("1001",), ["42_1"]),
        (("42",), ["42_1", "42_2", "42_[3-6%2]"]),
    ]:
        shown = rows(snapshot, "jobid", parts=named(*ids), allocations=True)
        assert shown == found, ids


def test_an_array_that_was_cancelled_before_it_began():
    work = array(tasks=Ranges.span(1, 4), todo=Ranges(), cancelled=Ranges.span(1, 4), limit=2)
    told = History().with_event(MORNING + 60, "Withdrawn", by=1001, tasks="1-4")
    done = replace(work, work=replace(work.work, ended_at=MORNING + 60, history=told))
    assert rows(known(done), "jobid,state,start,end,nodelist,eligible") == [
        "42_[1-4%2]|CANCELLED by 1001|None|2023-11-14T23:14:20|None assigned|Unknown"
    ]


def test_steps_that_are_named():
    snapshot = known(plain(state=MEASURED))
    for ids, found in [
        (("42.batch",), ["42.batch"]),
        (("42.1", "42.batch"), ["42.batch", "42.1"]),
        (("42.9",), []),
        (("42.batch", "42"), ["42", "42.batch"]),
        (("42", "42.batch"), ["42", "42.batch", "42.0", "42.1"]),
    ]:
        assert rows(snapshot, "jobid", parts=named(*ids)) == found, ids
    assert rows(snapshot, "jobid", parts=named("42.batch"), allocations=True) == ["42"]


def requeued(*, lost: bool = False) -> Job:
    told = History().with_event(MORNING + 1, "Granted", attempt=1)
    told = told.with_event(MORNING + 1, "Started", attempt=1, pid=9)
    if not lost:
        told = told.with_event(MORNING + 9, "RequeueOrdered", by=1000)
    state = "NODE_FAIL" if lost else "CANCELLED"
    end = {} if lost else {"exit": "0:15"}
    told = told.with_event(MORNING + 10, "Ended", attempt=1, state=state, **end)
    told = told.with_event(MORNING + 20, "Requeued", by=None if lost else 1000)
    job = plain(state=Pending(eligible_at=MORNING + 20, not_before=MORNING + 140))
    return replace(job, work=replace(job.work, history=told, restarts=1))


def test_former_attempts_are_told_when_asked_for():
    snapshot = known(requeued())
    assert rows(snapshot) == ["42|PENDING|0:0"]
    assert rows(snapshot, "jobid,state,exitcode,submit,elapsed", duplicates=True) == [
        "42|REQUEUED|0:0|2023-11-14T23:13:20|00:00:09",
        "42.batch|CANCELLED|0:15|2023-11-14T23:13:21|00:00:09",
        "42|PENDING|0:0|2023-11-14T23:13:40|00:00:00",
    ]
    assert rows(known(requeued(lost=True)), "state", duplicates=True, allocations=True) == [
        "NODE_FAIL",
        "PENDING",
    ]
    # The attempt to come is not eligible yet.
    assert rows(snapshot, "state", window=TODAY, allocations=True) == ["PENDING"]
    soon = replace(TODAY, until=MORNING + 100)
    assert rows(snapshot, "state", window=soon, allocations=True) == ["REQUEUED"]


def test_what_falls_into_a_window():
    jobs = [plain(1, DONE), plain(2, RUNS), plain(3), plain(4, EXIT_3)]
    at = MORNING + 50
    for states, window, found in [
        (None, Window(since=MORNING + 80, until=MORNING + 90), ["2", "3"]),
        (None, Window(since=MORNING, until=MORNING + 90), ["1", "2", "3", "4"]),
        (None, Window(since=0, until=MORNING - 1), []),
        ({"RUNNING"}, Window(since=at, until=at), ["1", "2", "4"]),
        ({"PENDING"}, Window(since=at, until=at), ["3"]),
        ({"PENDING"}, Window(since=MORNING, until=at), ["1", "2", "3", "4"]),
        ({"FAILED"}, Window(since=at, until=at), []),
        ({"FAILED"}, Window(since=at, until=MORNING + 90), ["4"]),
        ({"FAILED", "COMPLETED"}, Window(since=at, until=MORNING + 90), ["1", "4"]),
    ]:
        wanted = None if states is None else frozenset(states)
        shown = rows(known(*jobs), "jobid", states=wanted, window=window, allocations=True)
        assert shown == found, (states, window)


def test_times_may_be_cut_to_the_window():
    cut = Window(since=MORNING + 20, until=MORNING + 30)
    asked = {"window": cut, "truncates": True, "allocations": True}
    assert rows(known(plain(state=DONE)), "start,end,elapsed", **asked) == [
        "2023-11-14T23:13:40|2023-11-14T23:13:50|00:00:10"
    ]


def test_filters():
    job = plain(state=DONE, stored={"constraint": "fast", "wckey": "k"}, account="acct")
    snapshot = known(job, plain(43))
    for asked, found in [
        ({"gids": frozenset({100})}, ["42", "43"]),
        ({"gids": frozenset({7})}, []),
        ({"constraints": frozenset({"fast"})}, ["42"]),
        ({"cores": (1, 4)}, ["42"]),
        ({"cores": (2, 4)}, []),
        ({"nodes": (0, 0)}, ["42", "43"]),
        ({"nodes": (1, 1)}, ["42"]),
        ({"limits_s": (60, 60)}, []),
        ({"flags": frozenset({"SchedMain"})}, ["42"]),
        ({"reasons": frozenset({"None"})}, ["42", "43"]),
        ({"wanted": Wanted(hosts=frozenset({HERE.host}))}, ["42"]),
        ({"wanted": Wanted(partitions=frozenset())}, []),
        ({"wanted": Wanted(accounts=frozenset({"acct"}))}, ["42"]),
    ]:
        assert rows(snapshot, "jobid", allocations=True, **asked) == found, asked


def test_the_oldest_come_first_and_tasks_after_jobs_of_the_same_second():
    snapshot = known(
        array(5, tasks=Ranges.span(1, 2), todo=Ranges()),
        plain(7),
        replace(plain(6), submitted_at=MORNING + 5),
        units={5: [task(5, 1, DONE), task(5, 2, DONE, raw_id=5)]},
    )
    assert rows(snapshot, "jobid", allocations=True) == ["7", "5_1", "5_2", "6"]


def test_who_waits_goes_by_the_name_of_its_unit():
    unit = Unit(id=JobId(number=42), raw_id=42, state=RUNS)
    steps = (Step(number=0, name="sleep", tasks=1, cores=1, started_at=MORNING + 20),)
    job = replace(plain(), work=replace(unit, state=replace(RUNS, steps=steps)))
    assert rows(known(job), "jobid,state,elapsed,end") == [
        "42|RUNNING|00:01:30|Unknown",
        "42.batch|RUNNING|00:01:30|Unknown",
        "42.0|RUNNING|00:01:20|Unknown",
    ]
