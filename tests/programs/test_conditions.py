"""What a job waits for besides room: other jobs, a time to begin, a deadline."""

import os

import pytest

from tests.fakes import FakeClock
from tests.programs.peers import FakeAgent
from tests.programs.queue import BOB, CAROL
from tinysched.job.quantities import format_time


def moment(clock: FakeClock, in_s: float) -> str:
    at = clock.wall() + in_s
    return format_time(at, clock.utc_offset_s(at))


def submitted(queue, *args, uid=BOB):
    answer = queue.submit(uid, *args)
    assert answer.exit_code == 0, answer.err
    return answer.out.decode().split()[-1]


def run(bob, job, code=0):
    """The job is granted, runs, and ends."""
    bob.start(f"{job}.1")
    bob.end(f"{job}.1", code)


@pytest.mark.parametrize(
    ("kind", "code", "state"),
    [
        ("afterok", 0, "RUNNING"),
        ("afterok", 1, "PENDING"),
        ("afternotok", 1, "RUNNING"),
        ("afternotok", 0, "PENDING"),
        ("afterany", 0, "RUNNING"),
        ("afterany", 1, "RUNNING"),
    ],
)
def test_a_job_waits_for_the_end_it_was_told_to_wait_for(queue, bob, kind, code, state):
    first = submitted(queue)
    second = submitted(queue, f"--dependency={kind}:{first}")
    assert queue.reasons()[second] == (f"Dependency: waits for {kind}:{first}(unfulfilled)")
    run(bob, first, code)
    assert queue.states()[second] == state
    if state == "PENDING":
        assert queue.reasons()[second] == (f"DependencyNeverSatisfied: {kind}:{first}(failed)")


def test_a_verdict_outlives_dispatcher_and_parent(queue, bob):
    first = submitted(queue)
    held = submitted(queue, "-H", f"-dafterok:{first}")
    run(bob, first)
    queue.sleep(queue.config.min_job_age_s + 1)
    assert queue.ask(os.getuid(), "purge", "--keep-last=0").exit_code == 0
    queue.restart()
    queue.ask(BOB, "control", "release", held)
    assert queue.states()[held] == "RUNNING"


def test_after_waits_for_the_start_and_the_minutes_it_names(queue, bob):
    first = submitted(queue)
    at_once = submitted(queue, f"-dafter:{first}")
    later = submitted(queue, f"-dafter:{first}+5")
    assert queue.states()[at_once] == "PENDING"
    bob.start(f"{first}.1")
    assert queue.states()[at_once] == "RUNNING"
    queue.sleep(299)
    assert queue.states()[later] == "PENDING"
    assert queue.dispatcher.next_s() <= 1.0
    queue.sleep(1)
    assert queue.states()[later] == "RUNNING"


def test_every_condition_must_hold_or_with_a_question_mark_any(queue, bob):
    first, second = submitted(queue), submitted(queue)
    both = submitted(queue, f"-dafterok:{first}:{second}")
    either = submitted(queue, f"-dafterok:{first}?afterok:{second}")
    run(bob, first)
    assert (queue.states()[both], queue.states()[either]) == ("PENDING", "RUNNING")
    run(bob, second)
    assert queue.states()[both] == "RUNNING"


def test_what_never_existed_is_not_waited_for(queue, bob):
    job = submitted(queue, "-dafternotok:999")
    assert queue.states()[job] == "RUNNING"


def test_a_whole_array_must_end_and_one_bad_task_spoils_it(queue, bob):
    array = submitted(queue, "-a1-2")
    good = submitted(queue, f"-dafterok:{array}")
    bad = submitted(queue, f"-dafternotok:{array}")
    assert queue.reasons()[good] == f"Dependency: waits for afterok:{array}_*(unfulfilled)"
    run(bob, f"{array}_1")
    assert queue.states()[good] == "PENDING"
    run(bob, f"{array}_2", 3)
    assert queue.reasons()[good].startswith("DependencyNeverSatisfied")
    assert queue.states()[bad] == "RUNNING"


def test_an_array_is_judged_once_all_of_it_has_ended(queue, bob):
    array = submitted(queue, "-a1-2")
    clean = submitted(queue, f"-dafternotok:{array}")
    follow = submitted(queue, f"-dafterok:{array}")
    run(bob, f"{array}_1", 1)
    assert queue.reasons()[follow].startswith("Dependency:")
    assert queue.states()[clean] == "PENDING"
    run(bob, f"{array}_2")
    assert queue.reasons()[follow].startswith("DependencyNeverSatisfied")
    assert queue.states()[clean] == "RUNNING"


def test_a_job_runs_no_longer_than_to_its_deadline(queue, bob):
    plain = submitted(queue, "--deadline=now+150")
    array = submitted(queue, "-a1", "--deadline=now+150")
    limited = submitted(queue, "-t1", "--deadline=now+150")
    bob.obey()
    limits = {str(run.grant.run.job): run.grant.limit_s for run in bob.runs.values()}
    assert limits == {plain: 120, f"{array}_1": 120, limited: 60}


def test_a_single_task_may_be_waited_for(queue, bob):
    array = submitted(queue, "-a1-2")
    follower = submitted(queue, f"-dafterok:{array}_2")
    run(bob, f"{array}_1")
    assert queue.states()[follower] == "PENDING"
    run(bob, f"{array}_2")
    assert queue.states()[follower] == "RUNNING"


def test_what_is_held_is_not_looked_at(queue, bob):
    first = submitted(queue)
    run(bob, first)
    held = submitted(queue, "-H", f"-dafterok:{first}:999")
    array = submitted(queue, "-H", "-a1-2")
    follower = submitted(queue, "-H", f"-dafterok:{array}")
    never = submitted(queue, "-H", f"-dafternotok:{first}", "--kill-on-invalid-dep=yes")
    jobs = queue.dispatcher.ledger.books.jobs
    assert str(jobs[int(held)].dependencies).count("(unfulfilled)") == 2
    assert str(jobs[int(follower)].dependencies) == f"afterok:{array}_*(unfulfilled)"
    assert queue.states()[never] == "CANCELLED"
    queue.ask(BOB, "control", "release", held)
    assert str(jobs[int(held)].dependencies) == ""
    assert queue.states()[held] == "RUNNING"


def test_an_array_may_follow_another_task_by_task(queue, bob):
    first = submitted(queue, "-a1-3")
    second = submitted(queue, "-a1-3", f"-daftercorr:{first}")
    run(bob, f"{first}_2")
    states = queue.states()
    assert [states[f"{second}_{task}"] for task in (1, 2, 3)] == ["PENDING", "RUNNING", "PENDING"]
    run(bob, f"{first}_1", 1)
    run(bob, f"{first}_3")
    states = queue.states()
    assert [states[f"{second}_{task}"] for task in (1, 3)] == ["PENDING", "RUNNING"]
    assert "DependencyNeverSatisfied" in queue.reasons()[f"{second}_1"]
    queue.restart()
    assert queue.states()[f"{second}_1"] == "PENDING"


def test_a_job_may_not_follow_tasks_of_which_one_failed(queue, bob):
    first = submitted(queue, "-a1-2")
    second = submitted(queue, f"-daftercorr:{first}")
    run(bob, f"{first}_1")
    assert queue.reasons()[second].startswith("Dependency:")
    run(bob, f"{first}_2", 1)
    assert queue.reasons()[second].startswith("DependencyNeverSatisfied")


def test_singletons_of_a_name_run_one_after_the_other(queue, bob):
    chain = [submitted(queue, "-Jchain", "-dsingleton") for _ in range(3)]
    other = submitted(queue, "-Jother", "-dsingleton")
    FakeAgent(queue, CAROL)
    hers = submitted(queue, "-Jchain", "-dsingleton", uid=CAROL)
    states = queue.states()
    assert [states[job] for job in (*chain, other, hers)] == [
        "RUNNING", "PENDING", "PENDING", "RUNNING", "RUNNING",
    ]  # fmt: skip
    run(bob, chain[0])
    assert [queue.states()[job] for job in chain[1:]] == ["RUNNING", "PENDING"]


def test_an_impossible_job_is_cancelled_if_its_owner_wants_that(queue, bob):
    first = submitted(queue)
    second = submitted(queue, "--kill-on-invalid-dep=yes", f"-dafterok:{first}")
    third = submitted(queue, f"-dafterany:{second}")
    run(bob, first, 1)
    assert (queue.states()[second], queue.states()[third]) == ("CANCELLED", "RUNNING")
    assert queue.show(second)["reason"] == "DependencyNeverSatisfied"


def test_a_job_begins_when_it_was_told_to(queue, bob):
    job = submitted(queue, "--begin=now+2hours")
    assert queue.reasons()[job] == f"BeginTime: begins at {moment(queue.clock, 7200)}"
    queue.restart()
    queue.sleep(7199)
    assert queue.states()[job] == "PENDING"
    assert queue.dispatcher.next_s() <= 1.0
    queue.sleep(1)
    assert queue.states()[job] == "RUNNING"


def test_a_job_that_cannot_meet_its_deadline_is_given_up(queue, bob):
    wide = submitted(queue, "-n4")
    job = submitted(queue, f"--deadline={moment(queue.clock, 3600)}", "-t30")
    queue.sleep(1790)
    assert queue.states()[job] == "PENDING"
    queue.sleep(20)
    assert queue.states()[job] == "DEADLINE"
    run(bob, wide)


def test_a_nicer_job_lets_others_go_first(queue, bob):
    wide = submitted(queue, "-n4")
    nice = submitted(queue, "--nice", "-n4")
    other = submitted(queue, "-n4")
    run(bob, wide)
    assert (queue.states()[nice], queue.states()[other]) == ("PENDING", "RUNNING")


def test_a_verdict_that_cannot_be_written_is_written_later(queue, bob):
    first = submitted(queue)
    second = submitted(queue, f"-dafterok:{first}")
    bob.start(f"{first}.1")
    queue.disk.full = True
    bob.end(f"{first}.1")
    assert queue.states()[second] == "PENDING"
    queue.disk.full = False
    queue.sleep(2)
    queue.sleep(2)
    assert queue.states()[second] == "RUNNING"
