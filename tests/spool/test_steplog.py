"""The log of a run's steps: numbers, cores that steps leave each other, and the end of all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinysched.errors import SpoolError
from tinysched.job import steplines
from tinysched.job.steps import StepBook
from tinysched.spool import ownruns, tree
from tinysched.spool.steplog import Entry, StepLog, StepTail, note_stop

END = "0:0", 0.0, 0.0, 0


def entry(taken: int, srun: str = "5:1", inside: int | None = None) -> Entry:
    return Entry("x", srun, 1, max(taken, 1), taken, inside)


def log(path: Path, *dead: str) -> StepLog:
    return StepLog(str(path), lambda srun: srun not in dead)


def test_steps_are_numbered_from_nought(tmp_path: Path):
    assert [log(tmp_path).begin(entry(0), 4, 1.0) for _ in range(3)] == [0, 1, 2]


def test_steps_leave_each_other_their_cores(tmp_path: Path):
    steps = log(tmp_path)
    assert steps.begin(entry(3), 4, 1.0) == 0
    assert steps.begin(entry(2), 4, 1.0) is None
    assert steps.begin(entry(1), 4, 1.0) == 1
    assert steps.begin(entry(0), 4, 1.0) == 2  # one that overlaps
    steps.add(steplines.end(0, 2.0, *END))
    assert steps.begin(entry(3), 4, 2.0) == 3


def test_who_was_killed_holds_no_cores(tmp_path: Path):
    assert log(tmp_path).begin(entry(4, "6:1"), 4, 1.0) == 0
    assert log(tmp_path).begin(entry(4), 4, 1.0) is None
    assert log(tmp_path, "6:1").begin(entry(4), 4, 1.0) == 1


def test_a_step_in_a_step_shares_its_cores(tmp_path: Path):
    steps = log(tmp_path)
    assert steps.begin(entry(4), 4, 1.0) == 0
    assert steps.begin(entry(4, inside=0), 4, 1.0) == 1
    assert steps.begin(entry(4, inside=1), 4, 1.0) == 2
    assert steps.begin(entry(4), 4, 1.0) is None


def test_a_reader_sees_what_is_new_in_whole_lines(tmp_path: Path):
    tail, book = StepTail(str(tmp_path)), StepBook()
    assert tail.news() == ""
    steps = log(tmp_path)
    steps.begin(entry(1), 4, 1.0)
    steps.add(steplines.task(0, "7:2"))
    assert book.hear(tail.news())
    assert [str(task) for task in book.live[0].tasks] == ["7:2"]
    with (tmp_path / tree.STEPS).open("a") as file:
        file.write("end 0 to=2.0 ex")
        file.flush()
        assert tail.news() == ""
        file.write("it=0:0 cpu=0 system=0 peak_kib=0\n")
    assert book.hear(tail.news())
    assert [step.number for step in book.ended] == [0]


def test_all_are_told_why_the_whole_ends(tmp_path: Path):
    note_stop(str(tmp_path), "cancel")
    assert not (tmp_path / tree.STEPS).exists()  # nobody was there to tell
    steps = log(tmp_path)
    assert steps.why_stopped() is None
    note_stop(str(tmp_path), "limit")
    assert steps.why_stopped() == "limit"
    assert steps.begin(entry(1), 4, 1.0) == 0
    assert steps.why_stopped() == "limit"


def test_a_run_that_is_gone_takes_no_steps(tmp_path: Path):
    with pytest.raises(SpoolError):
        log(tmp_path / "gone")


def a_run(root: Path, name: str, *, began: bool = True, ended: bool = False) -> None:
    folder = Path(root / f"users/u7/runs/{name}")
    folder.mkdir(parents=True)
    (folder / tree.GRANT).write_text('{\n  "raw_id": 49,\n  "token": "t",\n  "cores": 2\n}\n')
    for is_there, file in ((began, tree.STARTED), (ended, tree.EXIT)):
        if is_there:
            (folder / file).touch()


def test_own_runs_are_those_that_run(tmp_path: Path):
    assert list(ownruns.all_of(str(tmp_path), 7)) == []
    a_run(tmp_path, "42_7.1")
    a_run(tmp_path, "43.1", began=False)
    a_run(tmp_path, "44.1", ended=True)
    (tmp_path / "users/u7/runs/.new.1").mkdir()
    (found,) = ownruns.all_of(str(tmp_path), 7)
    assert (found.name, found.number, found.task) == ("42_7.1", 42, 7)
    assert (found.facts["raw_id"], found.facts["token"]) == ("49", "t")
    assert found.socket == f"{found.path}/{tree.SOCKET}"
    assert ownruns.named(str(tmp_path), 7, "../42.1") is None
    assert ownruns.named(str(tmp_path), 8, "42_7.1") is None
