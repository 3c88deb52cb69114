"""The dispatcher is killed between any two steps of a history: the end is the same."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.programs.queue import BOB, CAROL, FakeAgent, Queue
from tests.spool.disks import Death
from tinysched.config import Config
from tinysched.job.runs import Cause

Step = Callable[["World"], object]


class World:
    """A queue with two users. A killed dispatcher leaves a gap in the numbers: jobs are counted."""

    def __init__(self, root: str) -> None:
        self.queue = Queue(root, Config(cpus=4))
        self.bob = FakeAgent(self.queue, BOB)
        self.carol = FakeAgent(self.queue, CAROL)
        self.numbers: dict[str, str] = {}

    def submit(self, uid: int, count: int, *args: str) -> None:
        answer = self.queue.submit(uid, "--parsable", *args, token=f"{count:032x}")
        assert answer.exit_code == 0, answer.err
        number = answer.out.decode().strip()
        assert self.numbers.setdefault(str(count), number) == number

    def named(self, text: str) -> str:
        """`1_2.1` in a history is about the first job that was submitted."""
        return re.sub(r"^[0-9]+", lambda found: self.numbers[found[0]], text)

    def outcome(self) -> dict[str, object]:
        """All that a user can see, but for numbers and moments."""
        counts = {number: count for count, number in self.numbers.items()}

        def counted(text: str) -> str:
            return re.sub(r"^(job_)?([0-9]+)", lambda f: f"{f[1] or ''}{counts[f[2]]}", text)

        for agent in (self.bob, self.carol):
            agent.obey()
        states = self.queue.states()
        kept = ("exit_code", "exit_signal", "restarts", "cores", "held_by")
        return {
            "states": {counted(name): state for name, state in states.items()},
            "facts": {
                counted(name): [self.queue.show(name).get(key) for key in kept] for name in states
            },
            "records": {
                folder: sorted(map(counted, self.queue.files(folder)))
                for folder in ("pending", "running", "completed", "failed")
            },
            "cores": self.queue.cores_taken,
            "started": sorted(map(counted, self.bob.ever + self.carol.ever)),
        }


def submits(uid: int, count: int, *args: str) -> Step:
    return lambda world: world.submit(uid, count, *args)


def starts(name: str) -> Step:
    return lambda world: world.bob.start(world.named(name))


def ends(name: str, **how: object) -> Step:
    return lambda world: world.bob.end(world.named(name), **how)


def carol_ends(name: str) -> Step:
    return lambda world: world.carol.end(world.named(name))


def asks(verb: str, *args: str) -> Step:
    return lambda world: world.queue.ask(BOB, verb, *map(world.named, args))


def sleeps(duration_s: float) -> Step:
    return lambda world: world.queue.sleep(duration_s)


def deafens(world: World) -> None:
    """What the agent is told from now on does not arrive."""
    world.bob.is_deaf = True


def loses(world: World) -> None:
    world.bob.forget_grants()
    world.bob.disconnect()


def returns(world: World) -> None:
    world.bob.is_deaf = False
    world.bob.connect()


HISTORIES: dict[str, list[Step]] = {
    "a plain job": [submits(BOB, 1, "-c2"), starts("1.1"), ends("1.1", code=3)],
    "a repeated submission": [submits(BOB, 1), submits(BOB, 1), ends("1.1"), submits(BOB, 1)],
    "a queue": [
        submits(BOB, 1, "-c3"), submits(BOB, 2, "-c2"), submits(CAROL, 3, "-c1"),
        starts("1.1"), ends("1.1"), starts("2.1"), ends("2.1", signal=9),
        carol_ends("3.1"),
    ],
    "an array with a limit": [
        submits(BOB, 1, "--array=1-4%2"), starts("1_1.1"), ends("1_2.1"), ends("1_1.1", code=1),
        starts("1_3.1"), ends("1_4.1"), ends("1_3.1"),
    ],
    "an array that goes on": [
        submits(BOB, 1, "-c2", "--array=1-5"), starts("1_1.1"), ends("1_1.1"), starts("1_2.1"),
    ],
    "an array cancelled in part": [
        submits(BOB, 1, "-c4", "--array=1-4"), starts("1_1.1"), asks("cancel", "1_[2,4]"),
        ends("1_1.1"), ends("1_3.1"),
    ],
    "an array cancelled while it runs": [
        submits(BOB, 1, "-c2", "--array=1-6"), starts("1_1.1"), asks("cancel", "1"),
        ends("1_1.1", signal=15, cause=Cause.CANCEL), ends("1_2.1", cause=Cause.CANCEL),
    ],
    "a job cancelled while it waits": [
        submits(BOB, 1, "-c4"), submits(BOB, 2), asks("cancel", "2"), ends("1.1"),
    ],
    "a job cancelled while it runs": [
        submits(BOB, 1), starts("1.1"), asks("cancel", "1"),
        ends("1.1", signal=15, cause=Cause.CANCEL),
    ],
    "a job held and released": [
        submits(BOB, 1, "-H"), asks("control", "release", "1"), starts("1.1"),
        asks("control", "hold", "1"), ends("1.1"),
    ],
    "a running job requeued": [
        submits(BOB, 1), starts("1.1"), asks("control", "requeue", "1"),
        ends("1.1", cause=Cause.CANCEL), starts("1.2"), ends("1.2"),
    ],
    "an ended job requeued": [
        submits(BOB, 1), ends("1.1", code=1), asks("control", "requeue", "1"), ends("1.2"),
    ],
    "an ended task requeued": [
        submits(BOB, 1, "--array=1-2"), ends("1_1.1", code=1), ends("1_2.1"),
        asks("control", "requeue", "1_1"), starts("1_1.2"), ends("1_1.2"),
    ],
    "a task requeued while it waits for it": [
        submits(BOB, 1, "-c4", "--array=1-3"), starts("1_1.1"),
        asks("control", "requeue", "1_1"), ends("1_1.1", cause=Cause.CANCEL),
        ends("1_1.2"), ends("1_2.1"), ends("1_3.1"),
    ],
    "a requeued task cancelled": [
        submits(BOB, 1, "-c4", "--array=1-2"), ends("1_1.1", code=1), ends("1_2.1"),
        submits(BOB, 2, "-c4"), asks("control", "requeue", "1_1"), asks("cancel", "1_1"),
        ends("2.1"),
    ],
    "a grant that got lost": [
        deafens, submits(BOB, 1), loses, returns, starts("1.1"), ends("1.1")],
    "a cancel that nobody heard": [
        deafens, submits(BOB, 1), loses, asks("cancel", "1"), returns,
    ],
    "an agent that was away for long": [
        submits(BOB, 1, "-c4"), starts("1.1"), loses, sleeps(61), submits(CAROL, 2, "-c4"),
        sleeps(61), carol_ends("2.1"), returns, ends("1.1"),
    ],
    "an old job forgotten": [submits(BOB, 1), ends("1.1"), sleeps(400), submits(BOB, 2)],
}  # fmt: skip

CUTS = [(name, k) for name, steps in HISTORIES.items() for k in range(1, len(steps) + 1)]


def play(root: str, steps: list[Step], restart_after: int | None) -> dict[str, object]:
    world = World(root)
    is_away = False
    try:
        for number, step in enumerate(steps, 1):
            step(world)
            is_away = (is_away or step is loses) and step is not returns
            if number == restart_after:
                _restart(world, is_away)
        return world.outcome()
    finally:
        world.queue.close()


def _restart(world: World, is_away: bool) -> None:
    """Who is away does not come back because of it."""
    world.queue.agents = [world.carol] if is_away else [world.bob, world.carol]
    world.queue.restart()
    if is_away:
        world.queue.sleep(0)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> dict[str, dict[str, object]]:
    """How each history ends when nobody is killed."""
    found = {}
    for name, steps in HISTORIES.items():
        root = tmp_path_factory.mktemp("whole") / "root"
        root.mkdir(mode=0o750)
        found[name] = play(str(root), steps, None)
    return found


@pytest.mark.parametrize(("name", "after"), CUTS)
def test_a_kill_of_the_dispatcher_changes_no_end(root, undisturbed, name, after):
    assert play(root, HISTORIES[name], after) == undisturbed[name]


@pytest.mark.parametrize("name", [name for name in HISTORIES if loses not in HISTORIES[name]])
def test_a_kill_after_every_step_changes_no_end(root, undisturbed, name):
    steps: list[Step] = []
    for step in HISTORIES[name]:
        steps += [step, lambda world: world.queue.restart()]
    assert play(root, steps, None) == undisturbed[name]


def test_the_histories_end_as_they_should(undisturbed):
    ends = {name: set(found["states"].values()) for name, found in undisturbed.items()}
    assert ends["a plain job"] == {"FAILED"}
    assert ends["a queue"] == {"COMPLETED", "FAILED"}
    assert ends["an array with a limit"] == {"COMPLETED", "FAILED"}
    assert ends["an array that goes on"] == {"COMPLETED", "RUNNING", "PENDING"}
    assert ends["a cancel that nobody heard"] == {"CANCELLED"}
    assert ends["an ended task requeued"] == {"COMPLETED"}
    assert ends["a requeued task cancelled"] == {"COMPLETED", "CANCELLED"}
    assert ends["an agent that was away for long"] == {"COMPLETED"}


def test_an_array_is_over_wherever_the_dispatcher_died_while_its_last_task_ended(tmp_path):
    for left in range(1000):
        root = tmp_path / str(left)
        root.mkdir(mode=0o750)
        queue = Queue(str(root), Config(cpus=4))
        bob = FakeAgent(queue, BOB)
        queue.submit(BOB, "--array=1-2")
        bob.end("1_1.1")
        queue.disk.left = left
        try:
            bob.end("1_2.1")
            is_done = True
        except Death:
            is_done = False
        queue.restart()
        assert queue.states() == {"1_1": "COMPLETED", "1_2": "COMPLETED"}
        assert queue.files("completed") == ["job_1.meta", "job_1_1.meta", "job_1_2.meta"]
        assert queue.files("pending") == queue.files("running") == []
        queue.close()
        if is_done:
            return
    pytest.fail("it never ends")
