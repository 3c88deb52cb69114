"""What may happen to a queue: to its users, agents, host, disk and configuration, in any order."""

from __future__ import annotations

import functools
import logging
import shutil
import tempfile
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.programs.queue import ADMIN, BOB, CAROL, FakeAgent, Queue, new_token
from tests.spool.disks import Death
from tinysched.config import Config
from tinysched.job.runs import Cause
from tinysched.wire.client import Reply

USERS = (BOB, CAROL)
CORES = 4
OPEN = {"PENDING", "RUNNING", "COMPLETING"}
requests = st.sampled_from(
    [
        (), ("-c2",), ("-c4",), ("--hold",), ("-c6",), ("--no-requeue",), ("--array=1-3",),
        ("--array=1-4%2", "-c2"), ("--array=1-9%3", "--no-requeue"), ("--array=0-6:3", "-H"),
    ]
)  # fmt: skip
BAD_ENDS = (Cause.LOST, Cause.LIMIT, Cause.LAUNCH)
picks = st.integers(0, 99)
who = st.integers(0, 1)


def mortal(happens: Callable[..., None]) -> Callable[..., None]:
    """Something in the course of which the dispatcher may die; then another one takes over."""

    @functools.wraps(happens)
    def until_death(self: Rules, **choices: object) -> None:
        try:
            happens(self, **choices)
        except Death:
            self.revive()

    return until_death


def number_of(name: str) -> str:
    """The job that a task belongs to."""
    return name.partition("_")[0]


class Bugs(logging.Handler):
    """What the dispatcher logs of its own bugs, which it outlives."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.found.append(self.format(record))


class Rules(RuleBasedStateMachine):
    """Two users, an admin, and a host. Notes on the way what was promised to whom.

    `owners`: of each accepted job by its number. `withdrawn`: what was cancelled before it started.
    `cancelled`: the highest attempt that may have begun when an order to end it was accepted.
    `again`: what has just been told to requeue. `surrendered`: runs whose cores were given back
    while they may have gone on. `ceiling`: so many cores may be taken.
    """

    @initialize(first=st.lists(st.tuples(requests, who), min_size=1, max_size=4))
    def begin(self, first):
        self.bugs = Bugs()
        logging.getLogger("dispatcher").addHandler(self.bugs)
        self.root = tempfile.mkdtemp()
        self.queue = Queue(self.root, Config(cpus=CORES, poll_interval=3600.0))
        self.agents = [FakeAgent(self.queue, uid) for uid in USERS]
        self.owners: dict[str, int] = {}
        self.withdrawn: set[str] = set()
        self.cancelled: dict[str, int] = {}
        self.again: set[str] = set()
        self.finals: dict[str, str] = {}
        self.surrendered: set[str] = set()
        self.ceiling = CORES
        for args, pick in first:
            self.submit(args=args, pick=pick, is_repeated=False)

    def teardown(self):
        if hasattr(self, "queue"):
            try:
                self.all_ends_well()
            finally:
                logging.getLogger("dispatcher").removeHandler(self.bugs)
                self.queue.close()
                shutil.rmtree(self.root)

    def revive(self) -> None:
        self.queue.restart()

    def insist(self, *words: object, **more: str) -> Reply:
        """Submits; if the dispatcher dies of it, once more."""
        try:
            return self.queue.submit(*words, **more)
        except Death:
            self.revive()
            return self.queue.submit(*words, **more)

    def states(self) -> dict[str, str]:
        """As an admin sees them; a look is never what a dispatcher dies of."""
        with self.queue.disk.calm():
            return self.queue.states()

    # What users do

    @rule(args=requests, pick=who, is_repeated=st.booleans())
    def submit(self, args, pick, is_repeated):
        """Who hears nothing asks again with the same token."""
        token = new_token()
        for _ in range(2 if is_repeated else 1):
            answer = self.insist(USERS[pick], "--parsable", *args, token=token)
        if answer.exit_code == 0:
            number = answer.out.decode().strip()
            assert number not in self.owners
            self.owners[number] = USERS[pick]

    @precondition(lambda self: self.owners)
    @rule(pick=picks, kill=st.booleans(), whole=st.sampled_from(["", "array", "user"]))
    @mortal
    def cancel(self, pick, kill, whole):
        states = self.states()
        name = sorted(states)[pick % len(states)]
        words = [name.partition("_")[0] if whole == "array" else name]
        if whole == "user":
            words = ["-u", str(USERS[pick % 2])]
        meant = {other for other in states if self._is_meant(other, words)}
        attempts = self._attempts()
        answer = self.queue.ask(ADMIN, "cancel", *(["-s", "KILL"] if kill else []), *words)
        if answer.exit_code == 0:
            for other in meant & states.keys():
                if states[other] in OPEN:
                    self.cancelled[other] = attempts.get(other, 0)
            waited = {other for other in meant if states[other] == "PENDING"}
            self.withdrawn |= waited
            assert {self.states()[other] for other in waited} <= {"CANCELLED"}

    def _is_meant(self, name: str, words: list[str]) -> bool:
        number = number_of(name)
        if words[0] == "-u":
            return str(self.owners[number]) == words[1]
        return words[0] in (name, number)

    def _attempts(self) -> dict[str, int]:
        books = self.queue.dispatcher.ledger.books
        return {str(u.id): u.attempt for number in books.jobs for u in books.units(number)}

    @precondition(lambda self: self.finals)
    @rule(pick=picks, is_said_again=st.booleans())
    @mortal
    def run_again(self, pick, is_said_again):
        """What has ended is requeued; old news of it may come when it runs once more."""
        name = sorted(self.finals)[pick % len(self.finals)]
        self._control(name, "requeue", is_owner=True)
        for agent in self.agents:
            agent.obey()
            for old in range(5 if is_said_again else 0):
                agent.repeat(old)

    @precondition(lambda self: self.owners)
    @rule(pick=picks, verb=st.sampled_from(["hold", "release", "requeue"]), is_owner=st.booleans())
    def control(self, pick, verb, is_owner):
        self._control(sorted(self.states())[pick % len(self.states())], verb, is_owner)

    def _control(self, name: str, verb: str, is_owner: bool) -> None:
        uid = self.owners[number_of(name)] if is_owner else ADMIN
        wanted = name if verb == "requeue" else number_of(name)
        try:
            is_done = self.queue.ask(uid, "control", verb, wanted).exit_code == 0
        except Death:
            self.revive()
            is_done = True  # perhaps
        if verb == "requeue" and is_done:
            self.again.add(name)
            self.withdrawn.discard(name)
            self.cancelled.pop(name, None)

    @rule(keep_last=st.integers(0, 3))
    def purge(self, keep_last):
        """What a purge takes away had ended; one that was cut short may leave a part of a job."""
        before = self.states()
        try:
            self.queue.ask(ADMIN, "purge", "--keep-last", str(keep_last))
        except Death:
            self.revive()
        gone = before.keys() - self.states().keys()
        assert not {before[name] for name in gone} & OPEN
        left = {number_of(name) for name in self.states()}
        for name in gone:
            self.finals.pop(name, None)
            self.withdrawn.discard(name)
            if number_of(name) not in left:
                self.owners.pop(number_of(name), None)

    # What agents do

    @rule(agent=who, pick=picks, deed=st.sampled_from(["start", "end", "fail", *BAD_ENDS]))
    @mortal
    def work(self, agent, pick, deed):
        """A run gets on: it ends well or not, or it is lost, runs too long, cannot be started."""
        one = self.agents[agent]
        one.obey()
        names = [name for name, run in one.runs.items() if run.ending is None]
        if not names or not one.is_up:
            return
        name = names[pick % len(names)]
        if deed == "start":
            one.start(name)
        elif isinstance(deed, Cause):
            one.end(name, signal=9, cause=deed)
        else:
            self._end(one, name, code=int(deed == "fail"))

    def _end(self, agent: FakeAgent, name: str, code: int) -> None:
        is_stopped = any(order.startswith("stop") for order in agent.runs[name].orders)
        agent.end(name, code=code, cause=Cause.CANCEL if is_stopped else Cause.EXIT)

    @rule(agent=who, deed=st.sampled_from(["lose", "hear all and lose", "return", "return"]))
    @mortal
    def connection(self, agent, deed):
        one = self.agents[agent]
        if deed == "return":
            one.boot()
            return
        if deed != "lose":
            one.obey()
        one.disconnect()

    @rule(agent=who, pick=picks, deed=st.sampled_from(["slow", "fast", "arrive", "repeat"]))
    @mortal
    def news(self, agent, pick, deed):
        """What an agent says comes late, in another order, or once more."""
        one = self.agents[agent]
        if deed in ("slow", "fast"):
            one.is_slow = deed == "slow"
        else:
            (one.arrive if deed == "arrive" else one.repeat)(pick)
