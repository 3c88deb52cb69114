"""What holds of a queue at any time, whatever happens to it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

from hypothesis.stateful import invariant, rule

from tests.programs.machine_host import Machines
from tests.programs.machine_rules import OPEN
from tests.programs.queue import ADMIN
from tinysched.job.model import Elements, Ended, Granted, RunId, Running, Task
from tinysched.spool.store import read_only

FOLDERS = ("pending", "running", "completed", "failed")


class Promises(Machines):
    """Each step is followed by a look at everything."""

    @invariant()
    def promises_hold(self):
        if not hasattr(self, "queue"):
            return
        # A look is a round of the dispatcher's, too. What was refused is asked for again later.
        self.is_unsure = self.was_refused or self.queue.dispatcher.ledger.owes
        with self.queue.disk.calm():
            answer = self.queue.ask(ADMIN, "queue", "--json", "-a", "-r")
        assert answer.exit_code == 0, answer.err
        lines = json.loads(answer.out)["jobs"]
        seen = {line["id"]: line for line in lines}
        assert len(seen) == len(lines), "listed twice"
        self.no_bug_is_logged()
        self.cores_are_counted_once_and_never_exceeded()
        self.what_runs_is_known_to_run()
        self.every_accepted_job_is_in_exactly_one_place(seen)
        self.what_was_cancelled_does_not_start(seen)
        self.what_is_final_stays_so(seen)
        self.what_waits_is_explained(seen)
        self.arrays_add_up()

    def no_bug_is_logged(self):
        assert not self.bugs.found, self.bugs.found[0]

    def cores_are_counted_once_and_never_exceeded(self):
        """More than there are only after there were more, or after an agent was away for long."""
        books, config = self.queue.dispatcher.ledger.books, self.queue.config
        live = {str(RunId(job=unit.id, attempt=unit.attempt)): unit for _, unit in books.live()}
        assert {
            unit.id
            for number in books.jobs
            for unit in books.units(number)
            if isinstance(unit.state, Granted | Running)
        } == {unit.id for unit in live.values()}
        taken = {n: u.state.cores for n, u in live.items() if not books.is_surrendered(u.id)}
        assert books.cores_taken == sum(taken.values())
        self.surrendered |= live.keys() - taken.keys()
        excused = sum(cores for name, cores in taken.items() if name in self.surrendered)
        assert books.cores_taken - excused <= self.ceiling, (taken, self.ceiling)
        boot_id = self.queue.clock.boot_id()
        run = {
            name: run.grant.cores
            for agent in self.agents
            for name, run in agent.runs.items()
            if run.ending is None and run.grant.boot_id == boot_id
        }
        excused = sum(cores for name, cores in run.items() if name in self.surrendered)
        assert sum(run.values()) - excused <= self.ceiling
        self.ceiling = max(config.cpus, books.cores_taken - excused)

    def what_runs_is_known_to_run(self):
        books, boot_id = self.queue.dispatcher.ledger.books, self.queue.clock.boot_id()
        for agent in self.agents:
            for name, run in agent.runs.items():
                if run.ending is None and run.grant.boot_id == boot_id:
                    unit = books.unit(run.grant.run.job)
                    assert books.is_live(unit.id), f"{name} runs, and is {unit.state}"
                    assert unit.attempt == run.grant.run.attempt

    def every_accepted_job_is_in_exactly_one_place(self, seen):
        places = Counter(name for folder in FOLDERS for name in self.queue.files(folder))
        if not self.is_unsure:
            assert set(places.values()) <= {1}
        assert {f"job_{number}.meta" for number in self.owners} <= set(places)
        assert self.owners.keys() <= {name.partition("_")[0] for name in seen}

    def what_was_cancelled_does_not_start(self, seen):
        assert {seen[name]["state"] for name in self.withdrawn} <= {"CANCELLED"}
        began = {}
        for agent in self.agents:
            for name in agent.ever:
                run = RunId.parse(name)
                began[str(run.job)] = max(run.attempt, began.get(str(run.job), 0))
        for name, attempt in self.cancelled.items():
            assert began.get(name, 0) <= attempt, f"{name} was cancelled, and started after that"

    def what_is_final_stays_so(self, seen):
        """Unless it is requeued, or was taken for lost in a restart of the host."""
        for name, state in self.finals.items():
            line = seen[name]
            was_lost = state == ("NODE_FAIL", "NodeDown")
            if name not in self.again and not was_lost:
                assert (line["state"], line["reason"]) == state, name
        self.again.clear()
        self.finals = {
            name: (line["state"], line["reason"])
            for name, line in seen.items()
            if line["state"] not in OPEN
        }

    def what_waits_is_explained(self, seen):
        for name, line in seen.items():
            if line["state"] != "PENDING":
                continue
            assert line["reason"], name
            if not self.is_unsure:
                assert line["reason"] != "None", f"{name} could start"

    def arrays_add_up(self):
        books = self.queue.dispatcher.ledger.books
        for job in books.jobs.values():
            if not isinstance(job.work, Elements):
                continue
            work, units = job.work, books.units(job.id)
            live = [u.id.task for u in units if isinstance(u.state, Granted | Running)]
            assert books.live_tasks[job.id] == len(live)
            parts = Counter([*work.todo, *work.cancelled, *work.ended, *live])
            assert set(parts.values()) <= {1}
            assert set(parts) == set(job.request.array.tasks)
            assert {u.id.task for u in units if isinstance(u.state, Ended)} <= set(work.ended)
            assert (work.ended_at is not None) == (not work.todo and not live)

    @property
    def was_refused(self) -> bool:
        """The disk has refused something that is to be tried again."""
        disk = self.queue.disk
        return disk.is_refusing or self.queue.dispatcher.next_s() <= 1

    @rule()
    def memory_is_what_the_disk_says(self):
        if self.was_refused:
            return
        books = self.queue.dispatcher.ledger.books
        loaded = read_only(self.root)
        jobs = {job.id: job for job in loaded.jobs}
        tasks = {str(task.unit.id): plain(task) for task in loaded.tasks}
        assert not loaded.quarantined
        for job in books.jobs.values():
            assert jobs[job.id] == job
        for number in books.tasks:
            for task in books.tasks[number].values():
                assert tasks[str(task.unit.id)] == plain(task)


def plain(task: Task) -> Task:
    """What is compared: its array is compared by itself."""
    return replace(task, job=None)
