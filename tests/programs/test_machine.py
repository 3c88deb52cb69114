"""Anything in any order: users, agents, a full disk, kills. What is promised holds after each."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.programs.queue import BOB, CAROL, FakeAgent, Queue
from tinysched.config import Config
from tinysched.job.model import Granted, Running
from tinysched.job.runs import Cause

CORES = 4
FOLDERS = ("pending", "running", "completed", "failed")
OPEN = {"PENDING", "RUNNING", "COMPLETING"}
requests = st.sampled_from(
    [(), ("-c2",), ("-c4",), ("--hold",), ("--array=1-3",), ("--array=1-4%2", "-c2"), ("-c3",)]
)
picks = st.integers(0, 99)


class Machine(RuleBasedStateMachine):
    """Two users and all that may happen to them."""

    @initialize()
    def begin(self):
        self.root = tempfile.mkdtemp()
        self.queue = Queue(self.root, Config(cpus=CORES, poll_interval=3600.0))
        self.agents = [FakeAgent(self.queue, uid) for uid in (BOB, CAROL)]
        self.accepted: set[str] = set()
        self.taken_away: set[str] = set()
        self.gave_back = False

    def teardown(self):
        if hasattr(self, "queue"):
            self.all_ends_well()
            self.queue.close()
            shutil.rmtree(self.root)

    # What users do

    @rule(args=requests, who=st.sampled_from([BOB, CAROL]))
    def submit(self, args, who):
        answer = self.queue.submit(who, "--parsable", *args)
        if answer.exit_code == 0:
            number = answer.out.decode().strip()
            assert number not in self.accepted
            self.accepted.add(number)

    @precondition(lambda self: self.accepted)
    @rule(pick=picks, kill=st.booleans())
    def cancel(self, pick, kill):
        name = self._name(pick)
        was = self.queue.states()[name]
        answer = self.queue.ask(0, "cancel", *(["-s", "KILL"] if kill else []), name)
        if answer.exit_code == 0 and was == "PENDING":
            assert self.queue.states()[name] == "CANCELLED"
            self.taken_away.add(name)

    @precondition(lambda self: self.accepted)
    @rule(pick=picks, verb=st.sampled_from(["hold", "release", "requeue"]))
    def control(self, pick, verb):
        name = self._name(pick)
        if verb == "requeue":
            self.taken_away.discard(name)
            self.taken_away -= {n for n in self.taken_away if n.startswith(f"{name}_")}
        self.queue.ask(0, "control", verb, name)

    def _name(self, pick):
        names = sorted(self.queue.states())
        return names[pick % len(names)]

    # What agents do

    @rule(agent=st.integers(0, 1))
    def listen(self, agent):
        self.agents[agent].obey()

    @rule(agent=st.integers(0, 1), pick=picks)
    def start(self, agent, pick):
        self._with_run(self.agents[agent], pick, lambda one, name: one.start(name))

    @rule(agent=st.integers(0, 1), pick=picks, code=st.integers(0, 1))
    def end(self, agent, pick, code):
        self._with_run(self.agents[agent], pick, lambda one, name: self._end(one, name, code))

    def _with_run(self, agent, pick, work):
        names = [name for name, run in agent.runs.items() if run.ending is None]
        if names:
            work(agent, names[pick % len(names)])

    def _end(self, agent, name, code):
        is_stopped = any(order.startswith("stop") for order in agent.runs[name].orders)
        agent.end(name, code=code, cause=Cause.CANCEL if is_stopped else Cause.EXIT)

    @rule(agent=st.integers(0, 1), hears_grants=st.booleans())
    def lose_agent(self, agent, hears_grants):
        if hears_grants:
            self.agents[agent].obey()
        self.agents[agent].disconnect()

    @rule(agent=st.integers(0, 1))
    def agent_returns(self, agent):
        self.agents[agent].connect()

    # What machines do

    @rule()
    def kill_the_dispatcher(self):
        self.queue.restart()

    @rule(is_full=st.booleans())
    def fill_the_disk(self, is_full):
        self.queue.disk.full = is_full

    @rule(duration_s=st.sampled_from([0, 1, 40, 400]))
    def time_passes(self, duration_s):
        is_away = any(agent.channel.closed for agent in self.agents)
        self.gave_back = self.gave_back or (duration_s >= 40 and is_away) or duration_s >= 60
        self.queue.sleep(duration_s)

    # What holds at any time

    @invariant()
    def cores_are_counted_once_and_never_exceeded(self):
        if not hasattr(self, "queue"):
            return
        books = self.queue.dispatcher.ledger.books
        live = [
            unit.state.cores
            for number in books.jobs
            for unit in books.units(number)
            if isinstance(unit.state, Granted | Running) and not books.is_surrendered(unit.id)
        ]
        assert books.cores_taken == sum(live)
        if not self.gave_back:
            assert books.cores_taken <= CORES
            runs = [run for agent in self.agents for run in agent.runs.values()]
            assert sum(run.grant.cores for run in runs if run.ending is None) <= CORES

    @invariant()
    def every_accepted_job_is_in_exactly_one_place(self):
        if not hasattr(self, "queue"):
            return
        places = Counter(name for folder in FOLDERS for name in self.queue.files(folder))
        assert set(places.values()) <= {1}
        assert {f"job_{number}.meta" for number in self.accepted} <= set(places)
        numbers = {name.split("_")[0] for name in self.queue.states()}
        assert self.accepted <= numbers

    @invariant()
    def what_was_cancelled_while_it_waited_stays_so(self):
        if hasattr(self, "queue") and self.taken_away:
            states = self.queue.states()
            assert {states[name] for name in self.taken_away} == {"CANCELLED"}

    def all_ends_well(self):
        """With everybody up, everything ends, and nothing is taken any more."""
        queue = self.queue
        queue.disk.full = False
        queue.sleep(1)
        for agent in self.agents:
            agent.connect()
        for number in self.accepted:
            queue.ask(0, "control", "release", number)
        for _ in range(200):
            for agent in self.agents:
                agent.obey()
                for name in list(agent.runs):
                    self._end(agent, name, 0)
            queue.sleep(1)
            if not any(agent.runs or agent.channel.said for agent in self.agents):
                break
        assert not OPEN & set(queue.states().values())
        assert queue.cores_taken == 0
        before = queue.states()
        queue.restart()
        assert queue.states() == before


Machine.TestCase.settings = settings(
    max_examples=min(settings().max_examples, 100) // 2, stateful_step_count=30, deadline=None
)
TestMachine = Machine.TestCase
