"""Which mails the dispatcher has sent, seen by an agent that sends none."""

from __future__ import annotations

import pytest

from tests.programs.queue import BOB, FakeAgent, Queue
from tinysched.config import Config
from tinysched.job.runs import Cause
from tinysched.wire import letters

ALL = "--mail-type=ALL"


class Postbox(FakeAgent):
    """An agent that keeps the letters it is given."""

    def __init__(self, queue):
        self.letters = []
        super().__init__(queue, BOB)

    def obey(self):
        said = [message for message in self.channel.said if message.verb == letters.VERB]
        self.letters += map(letters.read, said)
        return super().obey()

    @property
    def subjects(self):
        """Of all that came since the last question, without what is the same in all."""
        self.obey()
        found = [letter.subject.removeprefix("Slurm ") for letter in self.letters]
        self.letters.clear()
        return found


@pytest.fixture
def box(queue):
    return Postbox(queue)


def run(box, name, **end):
    box.start(name)
    box.queue.sleep(5)
    box.end(name, **end)


def test_a_mail_tells_that_a_job_began_and_how_it_ended(queue, box):
    queue.submit(BOB, ALL, "-J", "x", "-t", "1")
    queue.sleep(2)
    run(box, "1.1")
    began, ended = (
        "Job_id=1 Name=x Began, Queued time 00:00:02",
        "Job_id=1 Name=x Ended, Run time 00:00:05, COMPLETED, ExitCode 0",
    )
    assert box.subjects == [began, ended]
    queue.sleep(400)
    assert box.subjects == []


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ({"code": 3}, "Failed, Run time 00:00:05, FAILED, ExitCode 3"),
        ({"signal": 9}, "Failed, Run time 00:00:05, FAILED"),
        ({"cause": Cause.LIMIT, "signal": 15}, "Failed, Run time 00:00:05, TIMEOUT, ExitCode 0"),
        ({"cause": Cause.CANCEL, "signal": 15}, "Ended, Run time 00:00:05, CANCELLED, ExitCode 0"),
    ],
)
def test_only_good_ends_are_ends_to_slurm(queue, box, end, told):
    queue.submit(BOB, "--mail-type=END,FAIL", "-J", "x")
    queue.submit(BOB, "--mail-type=BEGIN", "-J", "x")
    run(box, "1.1", **end)
    run(box, "2.1", **end)
    subjects = box.subjects
    assert f"Job_id=1 Name=x {told}" in subjects
    assert [subject for subject in subjects if "=2 " in subject] == [
        "Job_id=2 Name=x Began, Queued time 00:00:05"
    ]


def test_what_never_ran_is_told_as_well(queue, box):
    queue.submit(BOB, ALL, "-H", "-J", "x")
    queue.ask(BOB, "cancel", "1")
    assert box.subjects == ["Job_id=1 Name=x Ended, Run time 00:00:00, CANCELLED, ExitCode 0"]
    queue.submit(BOB)
    queue.submit(BOB, ALL, "-d", "afterok:2", "-J", "y")
    run(box, "2.1", code=1)
    assert box.subjects == ["Job_id=3 Name=y Invalid dependency"]


def test_a_requeue_is_no_end(queue, box):
    queue.submit(BOB, ALL, "-J", "x")
    box.start("1.1")
    queue.sleep(2)
    queue.ask(BOB, "control", "requeue", "1")
    box.end("1.1", cause=Cause.CANCEL, signal=15)
    queue.sleep(200)
    run(box, "1.2")
    assert box.subjects == [
        "Job_id=1 Name=x Began, Queued time 00:00:00",
        "Job_id=1 Name=x Requeued, Run time 00:00:02",
        "Job_id=1 Name=x Began, Queued time 00:03:20",
        "Job_id=1 Name=x Ended, Run time 00:00:05, COMPLETED, ExitCode 0",
    ]


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        ((0, 0), "Ended, COMPLETED, ExitCode [0-0]"),
        ((0, 5), "Failed, Mixed, ExitCode [0-5]"),
        ((4, 4), "Failed, FAILED, ExitCode [4-4]"),
        ((-9, 0), "Ended, Mixed, MaxSignal [9]"),
    ],
)
def test_an_array_is_told_of_as_a_whole(queue, box, codes, told):
    queue.submit(BOB, ALL, "-a", "1-2", "-J", "x")
    for task, code in enumerate(codes, 1):
        run(box, f"1_{task}.1", code=max(code, 0), signal=max(-code, 0))
    summary = "Array Summary Job_id=1_* (1) Name=x"
    assert box.subjects == [f"{summary} Began", f"{summary} {told}"]


def test_an_array_that_is_withdrawn_counts_as_killed(queue, box):
    queue.submit(BOB, ALL, "-H", "-a", "1-3", "-J", "x")
    queue.ask(BOB, "cancel", "1")
    assert box.subjects == ["Array Summary Job_id=1_* (1) Name=x Ended, Mixed, MaxSignal [9]"]


def test_each_task_is_told_of_if_that_is_wanted(queue, box):
    queue.submit(BOB, "--mail-type=BEGIN,FAIL,ARRAY_TASKS", "-a", "1-2", "-J", "x")
    for task in (1, 2):
        run(box, f"1_{task}.1", code=task)
    assert [subject.partition(" Queued")[0] for subject in box.subjects] == [
        "Array Task Job_id=1_1 (2) Name=x Began,",
        "Array Task Job_id=1_1 (2) Name=x Failed, Run time 00:00:05, FAILED, ExitCode 1",
        "Array Task Job_id=1_2 (1) Name=x Began,",
        "Array Task Job_id=1_2 (1) Name=x Failed, Run time 00:00:05, FAILED, ExitCode 2",
    ]


def test_parts_of_a_time_limit_are_told_as_they_pass_and_once(queue, box):
    events = "TIME_LIMIT_50,TIME_LIMIT_80,TIME_LIMIT_90,TIME_LIMIT"
    queue.submit(BOB, f"--mail-type={events}", "-t", "100", "-J", "x")
    queue.submit(BOB, f"--mail-type={events}", "-J", "without a limit")
    box.start("1.1")
    box.start("2.1")
    queue.sleep(2999)
    assert box.subjects == []
    queue.sleep(1)
    assert box.subjects == ["Job_id=1 Name=x Reached 50% of time limit, Run time 00:50:00"]
    queue.restart()
    queue.sleep(2400)
    assert [subject.partition(",")[0] for subject in box.subjects] == [
        "Job_id=1 Name=x Reached 80% of time limit",
        "Job_id=1 Name=x Reached 90% of time limit",
    ]
    queue.sleep(600)
    box.end("1.1", cause=Cause.LIMIT, signal=15)
    assert box.subjects == ["Job_id=1 Name=x Reached time limit, Run time 01:40:00"]


def test_mails_wait_for_an_agent_that_is_away(queue, box):
    queue.submit(BOB, ALL, "-H", "-J", "x")
    box.disconnect()
    queue.ask(BOB, "cancel", "1")
    assert box.subjects == []
    box.connect()
    queue.sleep(0)
    assert len(box.subjects) == 1


def test_the_configuration_says_how_mails_go(root):
    config = Config(cpus=4, mail_by="smtp", mail_server="post:26", mail_domain="example.org")
    queue = Queue(root, config)
    box = Postbox(queue)
    queue.submit(BOB, ALL, "-H")
    queue.ask(BOB, "cancel", "1")
    box.obey()
    [letter] = box.letters
    how = (letter.way.value, letter.server, letter.domain)
    assert how == ("smtp", "post:26", "example.org")
    queue.reconfigure(mail_by="nobody")
    queue.submit(BOB, ALL, "-H")
    queue.ask(BOB, "cancel", "2")
    box.obey()
    assert len(box.letters) == 1
    queue.close()
