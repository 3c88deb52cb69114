"""The real dispatcher on a disk that refuses operation k: told, undone, and forgotten again."""

import errno
import os
from contextlib import suppress
from dataclasses import dataclass, replace

import pytest

from tests.programs.peers import FakeAgent
from tests.programs.queue import ADMIN, BOB, Queue
from tests.spool.disks import Death
from tinysched.job.model import Ended
from tinysched.spool.store import read_only

ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EACCES)
FOR_GOOD = 10**6
# Several records, one after the other: each of them is the old one or the new one.
PIECEMEAL = ("purge", "purge-array", "cancel-requeued-task")


@dataclass(frozen=True)
class Deed:
    """What somebody wants of a dispatcher. `ask`: gives an answer, or None for news of an agent."""

    name: str
    make: object
    ask: object

    def __str__(self):
        return self.name


def running(queue, *args):
    """Bob's agent runs a job of his."""
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB, *args)
    bob.obey()
    for name in sorted(bob.runs):
        bob.start(name)
    return bob


def ended_job(queue):
    bob = running(queue)
    bob.end("1.1", code=3)
    return bob


def ended_array(queue):
    bob = running(queue, "--array=1-2")
    for name in ("1_1.1", "1_2.1"):
        bob.end(name)
    return bob


def one_task_left(queue):
    bob = running(queue, "--array=1-3")
    for name in ("1_1.1", "1_2.1"):
        bob.end(name)
    return bob


def pending(queue, *args):
    queue.submit(BOB, *args)


def requeued_array(queue):
    bob = running(queue, "--array=1-4%1")
    queue.ask(BOB, "control", "requeue", "1_1")
    bob.end("1_1.1", signal=15)
    return bob


def granted(queue):
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB)
    bob.obey()
    return bob


DEEDS = (
    Deed("submit", lambda queue: None, lambda queue, bob: queue.submit(BOB)),
    Deed("submit-array", lambda queue: None, lambda queue, bob: queue.submit(BOB, "-a1-3")),
    Deed("submit-and-start", running, lambda queue, bob: queue.submit(BOB, "-a1-3")),
    Deed("cancel-pending", pending, lambda queue, bob: queue.ask(BOB, "cancel", "1")),
    Deed(
        "cancel-waiting-tasks",
        lambda queue: pending(queue, "-a1-5"),
        lambda queue, bob: queue.ask(BOB, "cancel", "1_[2-3]"),
    ),
    Deed("cancel-requeued-task", requeued_array, lambda queue, bob: queue.ask(BOB, "cancel", "1")),
    Deed("cancel-running", running, lambda queue, bob: queue.ask(BOB, "cancel", "1")),
    Deed("hold", pending, lambda queue, bob: queue.ask(BOB, "control", "hold", "1")),
    Deed(
        "release",
        lambda queue: pending(queue, "--hold"),
        lambda queue, bob: queue.ask(BOB, "control", "release", "1"),
    ),
    Deed("requeue", ended_job, lambda queue, bob: queue.ask(BOB, "control", "requeue", "1")),
    Deed("requeue-running", running, lambda queue, bob: queue.ask(BOB, "control", "requeue", "1")),
    Deed(
        "requeue-task", ended_array, lambda queue, bob: queue.ask(BOB, "control", "requeue", "1_2")
    ),
    Deed("purge", ended_job, lambda queue, bob: queue.ask(ADMIN, "purge", "--keep-last=0")),
    Deed("purge-array", ended_array, lambda queue, bob: queue.ask(ADMIN, "purge", "--keep-last=0")),
    Deed("agent-comes", pending, lambda queue, bob: FakeAgent(queue, BOB) and None),
    Deed(
        "agent-comes-for-array",
        lambda queue: pending(queue, "-a1-3"),
        lambda queue, bob: FakeAgent(queue, BOB) and None,
    ),
    Deed("start", granted, lambda queue, bob: bob.start("1.1") or queue.sleep(1)),
    Deed("end", running, lambda queue, bob: bob.end("1.1", code=3)),
    Deed("end-last-task", one_task_left, lambda queue, bob: bob.end("1_3.1", code=3)),
    Deed("look", ended_array, lambda queue, bob: queue.ask(BOB, "queue", "-t", "all")),
)


def known(queue):
    """What the dispatcher knows, without revisions."""
    books = queue.dispatcher.ledger.books
    jobs = {number: replace(job, revision=0) for number, job in books.jobs.items()}
    tasks = {
        one.unit.id: one.unit for number in books.tasks for one in books.tasks[number].values()
    }
    return jobs, tasks


def on_disk(queue):
    """What a reader without a dispatcher finds."""
    loaded = read_only(queue.root)
    jobs = {job.id: replace(job, revision=0) for job in loaded.jobs}
    return jobs, {one.unit.id: one.unit for one in loaded.tasks}


def begun(root, deed):
    """A queue in the situation of the deed."""
    os.mkdir(root)
    queue = Queue(root)
    return queue, deed.make(queue)


def steps(root, deed):
    """How many operations the deed takes; what is known afterwards."""
    queue, bob = begun(root, deed)
    before = len(queue.disk.calls)
    deed.ask(queue, bob)
    count = len(queue.disk.calls) - before
    queue.close()
    return count


def ways(count, soak):
    """Each operation fails in one way; in a soak in all ways."""
    all_ways = [(number, more) for number in ERRORS for more in (0, FOR_GOOD)]
    for k in range(1, count + 1):
        for number, more in all_ways if soak > 1 else [all_ways[k * 3 % len(all_ways)]]:
            yield k, number, more


def agreed(queue):
    """Memory and disk say the same, and so does the next dispatcher."""
    assert on_disk(queue) == known(queue)
    before, cores = known(queue), queue.cores_taken
    queue.restart()
    assert known(queue) == before
    assert queue.cores_taken == cores


def all_recorded(queue):
    """Whatever an agent was ever told to start has a record that says so."""
    books = queue.dispatcher.ledger.books
    for agent in queue.agents:
        for name in agent.runs:
            run = agent.runs[name].grant.run
            unit = books.unit(run.job)
            assert unit is not None
            assert unit.attempt >= run.attempt


@pytest.mark.timeout(120)
@pytest.mark.crash
@pytest.mark.soak
@pytest.mark.parametrize("deed", DEEDS, ids=str)
def test_whatever_the_disk_refuses_is_told_and_memory_and_disk_agree(tmp_path, deed, soak):
    for k, number, more in ways(steps(f"{tmp_path}/probe", deed), soak):
        queue, bob = begun(f"{tmp_path}/{k}.{number}.{more}", deed)
        before = known(queue)
        queue.disk.fail_at(k, more, number)
        answer = deed.ask(queue, bob)
        all_recorded(queue)
        if answer is not None and answer.exit_code:
            assert answer.exit_code == 1
            words = answer.err.decode()
            assert ": error: cannot " in words
            assert os.strerror(number) in words
            assert answer.out == b""
            if deed.name not in PIECEMEAL:
                assert known(queue) == before
        queue.disk.work_again()
        for _ in range(3):
            queue.sleep(1)  # what could not be recorded is tried again
        for agent in queue.agents:
            agent.obey()
        assert queue.dispatcher.ledger.owes is False
        all_recorded(queue)
        agreed(queue)
        finish(queue)
        queue.close()


def finish(queue):
    """All that is left can still start, end and be purged; nothing started twice."""
    agent = next(iter(queue.agents), None) or FakeAgent(queue, BOB)
    with suppress(Exception):
        queue.ask(ADMIN, "control", "release", "1")
    assert queue.submit(BOB).exit_code == 0
    for _ in range(20):
        agent.obey()
        for name in sorted(agent.runs):
            if agent.runs[name].ending is None:
                agent.end(name)
    states = queue.states()
    assert states
    assert set(states.values()) <= {"COMPLETED", "FAILED", "CANCELLED"}, states
    assert queue.cores_taken == 0
    assert agent.runs == {}
    assert queue.ask(ADMIN, "purge", "--keep-last=0").exit_code == 0
    assert queue.states() == {}
    assert [name for at in ("completed", "failed") for name in queue.files(at)] == []


def test_a_dispatcher_begins_whatever_it_cannot_write_and_puts_it_right_later(tmp_path):
    queue, bob = begun(f"{tmp_path}/root", Deed("", one_task_left, None))
    queue.disk.left = 12  # the task's record is written, its array's is not
    with suppress(Death):
        bob.end("1_3.1")
    queue.kill()
    with open(f"{queue.root}/state/ended.log", "a", encoding="ascii") as log:
        log.write("torn")
    assert queue.begin(full=True)
    assert queue.ask(BOB, "queue").exit_code == 0
    assert b"No space left" in queue.submit(BOB).err
    assert queue.dispatcher.ledger.owes
    assert queue.dispatcher.next_s() <= 1
    queue.disk.full = False
    queue.sleep(60)
    assert not queue.dispatcher.ledger.owes
    assert all(isinstance(unit.state, Ended) for unit in queue.dispatcher.ledger.books.units(1))
    agreed(queue)
    queue.close()


def test_a_configuration_that_the_disk_does_not_take_is_not_half_in_force(queue, bob):
    queue.submit(BOB)
    bob.start("1.1")
    bob.end("1.1")
    with open(f"{queue.root}/config.yaml", "w", encoding="utf-8") as file:
        file.write("cpus: 1\nprivacy: private\n")
    books = queue.dispatcher.ledger.books
    total = books.cores_total
    for k in range(1, 1000):
        queue.disk.fail_at(k, 0, errno.EIO)
        answer = queue.ask(ADMIN, "reload")
        if not answer.exit_code:
            break
        assert b"Input/output error" in answer.err
        assert books.cores_total == total
    assert 1 < k < 100
    assert books.cores_total == 1
    assert {
        os.stat(f"{queue.root}/queue/completed/{name}").st_mode & 0o777
        for name in queue.files("completed")
    } == {0o600}


def test_a_dispatcher_ends_though_it_cannot_write_any_more(queue):
    queue.submit(BOB)
    queue.disk.full = True
    queue.dispatcher.close()
    queue.begin()
    assert queue.states() == {"1": "PENDING"}
    assert queue.submit(BOB).out == b"Submitted batch job 257\n"
