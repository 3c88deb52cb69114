"""Configuration, purging and forgetting: what the admin decides while the queue goes on."""

import json
import os

import pytest

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, Queue
from tinysched.config import Config

DAY_S = 86400


def configure(queue, text):
    path = f"{queue.root}/config.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return queue.ask(ADMIN, "reload")


def status(queue):
    return json.loads(queue.ask(ADMIN, "status", "--json").out)


def run_one(queue, agent, *args):
    """One job from submission to its end; returns its number."""
    number = queue.submit(agent.uid, "--parsable", *args).out.decode().strip()
    agent.end(f"{number}.1")
    return number


def test_more_cores_let_waiting_jobs_start_at_once(queue, bob):
    queue.submit(BOB, "-c4")
    queue.submit(BOB, "-c2")
    answer = configure(queue, "cpus: 6\n")
    assert (answer.exit_code, answer.out) == (0, b"configuration read: 6 cores\n")
    assert queue.states() == {"1": "RUNNING", "2": "RUNNING"}


def test_fewer_cores_end_nothing_and_start_nothing(queue, bob):
    queue.submit(BOB, "-c3")
    configure(queue, "cpus: 1\n")
    queue.submit(BOB, "-c1")
    assert queue.states() == {"1": "RUNNING", "2": "PENDING"}
    bob.end("1.1")
    assert queue.states()["2"] == "RUNNING"


def test_a_mistake_in_the_configuration_leaves_the_old_one_in_force(queue, bob):
    configure(queue, "cpus: 3\n")
    answer = configure(queue, "# cores\ncpus: many\n")
    assert answer.exit_code != 0
    assert b"config.yaml line 2: cpus is 'many'" in answer.err
    found = status(queue)
    assert found["cores_total"] == 3
    assert "line 2" in found["config_errors"][0]
    queue.submit(BOB, "-c3")
    assert queue.states() == {"1": "RUNNING"}
    assert configure(queue, "cpus: 4\n").exit_code == 0
    assert status(queue)["config_errors"] == []


@pytest.mark.parametrize("verb", ["reload", "purge"])
def test_only_an_admin_administers(queue, verb):
    answer = queue.ask(BOB, verb, *(["--keep-last=0"] if verb == "purge" else []))
    assert (answer.exit_code, b"Access/permission denied" in answer.err) == (1, True)


def test_purging_keeps_the_newest_and_what_has_not_ended(queue, bob):
    numbers = [run_one(queue, bob) for _ in range(4)]
    queue.submit(BOB)
    dry = queue.ask(ADMIN, "purge", "--keep-last=2", "--dry-run")
    assert dry.exit_code == 0
    assert set(queue.states()) == {*numbers, "5"}
    queue.ask(ADMIN, "purge", "--keep-last=2")
    assert set(queue.states()) == {"3", "4", "5"}
    queue.ask(ADMIN, "purge", "--keep-last=0")
    assert queue.states() == {"5": "RUNNING"}
    assert not os.listdir(f"{queue.root}/queue/completed")


def test_a_purged_number_is_not_given_again(queue, bob):
    run_one(queue, bob)
    queue.ask(ADMIN, "purge", "--keep-last=0")
    queue.restart()
    assert int(queue.submit(BOB, "--parsable").out) > 1


def test_purging_by_age_takes_what_is_older(queue, bob):
    run_one(queue, bob)
    queue.sleep(10 * DAY_S)
    run_one(queue, bob)
    queue.sleep(5 * DAY_S)
    queue.ask(ADMIN, "purge", "--age-days=14")
    assert set(queue.states()) == {"2"}


def test_an_array_is_purged_as_one_job(queue, bob):
    queue.submit(BOB, "--array=1-2")
    bob.end("1_1.1")
    queue.ask(ADMIN, "purge", "--keep-last=0")
    assert set(queue.states()) == {"1_1", "1_2"}
    bob.end("1_2.1")
    queue.ask(ADMIN, "purge", "--keep-last=0")
    assert queue.states() == {}
    assert not os.listdir(f"{queue.root}/queue/completed")


def test_purging_happens_by_itself_every_so_often(root):
    queue = Queue(root, Config(cpus=2, purge_age_days=14, purge_keep_last=1, purge_interval_s=900))
    bob = FakeAgent(queue, BOB)
    for _ in range(3):
        run_one(queue, bob)
    queue.sleep(14 * DAY_S - 10)
    assert set(queue.states()) == {"1", "2", "3"}
    queue.sleep(899)
    assert set(queue.states()) == {"1", "2", "3"}
    queue.sleep(1)
    assert set(queue.states()) == {"3"}
    queue.close()


def test_without_a_rule_nothing_is_ever_purged(queue, bob):
    run_one(queue, bob)
    queue.sleep(4000 * DAY_S)
    assert set(queue.states()) == {"1"}


def test_an_ended_job_leaves_memory_and_stays_on_record(queue, bob):
    run_one(queue, bob)
    queue.sleep(1)
    assert queue.dispatcher.next_s() > 1, "nothing of it is due"
    queue.sleep(301)
    assert 1 not in queue.dispatcher.ledger.books.jobs
    assert queue.ask(CAROL, "queue", "-h").out == b""
    assert queue.ask(CAROL, "queue", "-h", "-j", "1").exit_code == 0
    assert queue.states() == {"1": "COMPLETED"}
    assert queue.show("1")["exit_code"] == 0
    queue.sleep(1)
    assert 1 not in queue.dispatcher.ledger.books.jobs


def test_a_bad_record_is_put_aside_and_named(queue, bob):
    queue.submit(BOB, "-c4")
    queue.submit(BOB)
    queue.rest()
    with open(f"{queue.root}/queue/pending/job_2.meta", "w", encoding="utf-8") as file:
        file.write("{")
    queue.restart()
    assert queue.states() == {"1": "RUNNING"}
    assert any("job_2.meta" in line for line in status(queue)["quarantined"])
    assert int(queue.submit(BOB, "--parsable").out) > 2


@pytest.fixture
def old_task(queue, bob):
    """An array of which one task failed long before the dispatcher was started again."""
    queue.submit(BOB, "--array=1-3")
    bob.end("1_1.1", code=1)
    queue.sleep(400)
    queue.restart()


@pytest.mark.parametrize("is_over", [False, True])
def test_a_task_that_ended_long_ago_is_shown_after_a_restart(queue, bob, old_task, is_over):
    if is_over:
        bob.end("1_2.1")
        bob.end("1_3.1")
        queue.restart()
    rest = "COMPLETED" if is_over else "RUNNING"
    for args in ((), ("-j", "1")):
        assert queue.states(*args) == {"1_1": "FAILED", "1_2": rest, "1_3": rest}
    assert queue.show("1_1")["exit_code"] == 1
    assert queue.cores_taken == (0 if is_over else 2)


def test_a_task_that_ended_long_ago_is_requeued_after_a_restart(queue, bob, old_task):
    assert queue.ask(BOB, "control", "requeue", "1_1").exit_code == 0
    for name in ("1_1.2", "1_2.1", "1_3.1"):
        bob.end(name)
    assert queue.states() == {"1_1": "COMPLETED", "1_2": "COMPLETED", "1_3": "COMPLETED"}
    assert "job_1.meta" in queue.files("completed")


def test_an_array_keeps_its_worst_task_in_mind_after_a_restart(queue, bob, old_task):
    bob.end("1_2.1", code=1)
    queue.ask(BOB, "control", "requeue", "1_2")
    bob.end("1_2.2")
    bob.end("1_3.1")
    assert "job_1.meta" in queue.files("failed")
