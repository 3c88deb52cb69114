"""Every public operation of the store, each in a queue where it has something to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.spool.disks import CountingDisk, QuickDisk
from tests.spool.made import (
    GRANTED,
    RUNS,
    WAITS,
    array,
    ended,
    plain,
    save_script,
    task,
    with_state,
)
from tinysched.job.closures import Closures
from tinysched.job.model import Cancel, Elements, Job, Outcome, Task, Unit
from tinysched.job.ranges import Ranges
from tinysched.spool.endedsearch import Search
from tinysched.spool.loading import Loaded
from tinysched.spool.store import Store

FAILED = ended(Outcome.FAILED)
HIGHEST = 8
OLD_SCRIPT = b"old script"


# Situations: each fills an empty directory, as a former dispatcher left it.


def nothing(_root: str) -> None:
    """A root that nobody has used yet."""


def queue(root: str) -> None:
    """Jobs and arrays in every state, all on good terms with each other."""
    store = Store.open(root, QuickDisk())
    store.load()
    while store.allocate_id() < HIGHEST:
        pass
    for number in (1, 3, 6):
        save_script(store, number, OLD_SCRIPT)
    store.publish([plain(1), plain(2, RUNS), plain(3), array(4, 3)])
    store.publish([replace(plain(3, ended()), revision=1)])
    half = _some(array(5, 3, todo="3"), finished="2")
    store.publish([task(half, 1), task(half, 2, ended()), half])
    whole = _some(array(6, 2, todo=""), finished="1-2", ended_at=200.0, worst=Outcome.FAILED)
    store.publish([task(whole, 1, ended()), task(whole, 2, FAILED), whole])
    again = array(7, 2, todo="1-2")
    store.publish([task(again, 1, WAITS), again])
    store.publish([plain(HIGHEST, GRANTED)])
    store.close()


def spoilt(root: str) -> None:
    """The same after crashes: two copies, half purges, strangers' things, a script astray."""
    queue(root)
    at = Path(root, "queue")
    shutil.copy(at / "pending/job_1.meta", at / "running/job_1.meta")
    shutil.move(at / "completed/job_3.script", at / "pending/job_3.script")
    (at / "pending/job_99.script").write_text("never accepted")
    (at / "failed/job_6.meta").rename(at / "failed/job_6.gone")
    (at / "running/job_90.meta").write_text("{ torn")
    Path(root, "state/ended.log").write_text("3\ttorn")
    Path(root, "tmp/.new.1.1").write_text("half")
    Path(root, "users/u54321").mkdir()


def killed(root: str) -> None:
    """The same, changed by a dispatcher that was killed: files are missing, or torn."""
    queue(root)
    disk = CountingDisk()
    store = Store.open(root, disk)
    loaded = store.load(0.0)
    _grant(store, loaded)
    _end(store, loaded)
    _submit_script(store, loaded)
    _end_array(store, loaded)
    _remove_job(store, loaded)
    disk.die()
    at = Path(root, "queue")
    (at / "running/job_1.meta").rename(at / "pending/job_1.meta")
    (at / "failed/job_2.meta").write_text("")
    (at / f"pending/job_{HIGHEST + 1}.script").write_text("new")


def bash_version(root: str) -> None:
    """A root that the Bash version left."""
    done = "name=x\nuser=bob\nstate=COMPLETED\nend_time=1700000070\nexit_code=0\n"
    files = {
        "config": "CPU_FRACTION=0.5\n",
        "state/last_job_id": "41\n",
        "queue/completed/job_5.meta": done,
        "queue/completed/job_5.script": "#!/bin/bash\n",
        "queue/completed/job_7_1.meta": done,
        "queue/failed/job_7_2.meta": done.replace("COMPLETED", "FAILED"),
        "queue/pending/job_40.meta": "name=next\nuser=carol\nsubmit_dir=/home/carol\n",
        "queue/pending/job_40.script": "#!/bin/bash\necho next\n",
        "queue/running/job_41_2.meta": "name=now\nstate=RUNNING\nstart_time=1700000000\n",
    }
    for name, text in files.items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _some(
    job: Job,
    finished: str,
    ended_at: float | None = None,
    worst: Outcome = Outcome.COMPLETED,
) -> Job:
    assert isinstance(job.work, Elements)
    over = Ranges.parse(finished)
    return replace(job, work=replace(job.work, ended=over, ended_at=ended_at, worst=worst))


# Deeds


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What a dispatcher does with its store. `uses`: the public methods that it is there for.

    `writes`: there is something to lose. `begins`: opening and loading is all it does.
    """

    name: str
    uses: tuple[str, ...]
    do: Callable[[Store, Loaded], object]
    make: Callable[[str], None] = queue
    writes: bool = True
    begins: bool = False

    def __str__(self) -> str:
        return self.name


def job_of(loaded: Loaded, number: int) -> Job:
    """A job as it was loaded."""
    return next(job for job in loaded.jobs if job.id == number)


def root_of(store: Store) -> str:
    """Where a store lies."""
    return store._root.path


def _task(loaded: Loaded, number: int, index: int) -> Task:
    for one in loaded.tasks:
        if (one.unit.id.number, one.unit.id.task) == (number, index):
            return one
    return task(job_of(loaded, number), index)


def _with_task(loaded: Loaded, number: int, index: int, state: object, job: Job) -> Task:
    one = _task(loaded, number, index)
    return replace(one, job=job, unit=replace(one.unit, state=state))


def _work(loaded: Loaded, number: int, **changes: object) -> Job:
    job = job_of(loaded, number)
    return replace(job, work=replace(job.work, **changes))


def _submit(store: Store, _loaded: Loaded) -> None:
    store.publish([plain(HIGHEST + 1)])


def _submit_array(store: Store, _loaded: Loaded) -> None:
    store.publish([array(HIGHEST + 1, 5)])


def _grant(store: Store, loaded: Loaded) -> None:
    store.publish([with_state(job_of(loaded, 1), GRANTED)])


def _start(store: Store, loaded: Loaded) -> None:
    store.publish([with_state(job_of(loaded, HIGHEST), RUNS)])


def _grant_hastily(store: Store, loaded: Loaded) -> None:
    store.publish([with_state(job_of(loaded, 1), GRANTED)], is_hasty=True)
    store.place()


def _end(store: Store, loaded: Loaded) -> None:
    store.publish([with_state(job_of(loaded, 2), FAILED)])


def _order_cancel(store: Store, loaded: Loaded) -> None:
    job = job_of(loaded, 2)
    assert isinstance(job.work, Unit)
    cancel = Cancel(by_uid=1000, ordered_at=150.0)
    store.publish([replace(job, work=replace(job.work, cancel=cancel))])


def _cancel_waiting(store: Store, loaded: Loaded) -> None:
    store.publish([with_state(job_of(loaded, 1), ended(Outcome.CANCELLED))])


def _requeue(store: Store, loaded: Loaded) -> None:
    store.publish([with_state(job_of(loaded, 3), WAITS)])


def _correct_end(store: Store, loaded: Loaded) -> None:
    store.publish([with_state(job_of(loaded, 3), FAILED)])


def _grant_tasks(store: Store, loaded: Loaded) -> None:
    job = _work(loaded, 4, todo=Ranges.parse("3"))
    store.publish([_with_task(loaded, 4, index, GRANTED, job) for index in (1, 2)])


def _grant_last_tasks(store: Store, loaded: Loaded) -> None:
    job = _work(loaded, 4, todo=Ranges())
    store.publish([*(_with_task(loaded, 4, index, GRANTED, job) for index in (1, 2, 3)), job])


def _end_task(store: Store, loaded: Loaded) -> None:
    job = job_of(loaded, 5)
    store.publish([_with_task(loaded, 5, 1, FAILED, job)])


def _end_array(store: Store, loaded: Loaded) -> None:
    done = {"ended": Ranges.parse("1-2"), "cancelled": Ranges.parse("3")}
    job = _work(loaded, 5, todo=Ranges(), ended_at=200.0, worst=Outcome.FAILED, **done)
    store.publish([_with_task(loaded, 5, 1, FAILED, job), job])


def _cancel_tasks(store: Store, loaded: Loaded) -> None:
    job = _work(loaded, 7, todo=Ranges.parse("2"), ended=Ranges.parse("1"))
    store.publish([_with_task(loaded, 7, 1, ended(Outcome.CANCELLED), job), job])


def _requeue_task(store: Store, loaded: Loaded) -> None:
    todo, over = Ranges.parse("2"), Ranges.parse("1")
    worst = Outcome.COMPLETED
    job = _work(loaded, 6, todo=todo, ended=over, ended_at=None, worst=worst)
    store.publish([_with_task(loaded, 6, 2, WAITS, job), job])


def _submit_script(store: Store, _loaded: Loaded) -> None:
    store.publish([plain(HIGHEST + 1)], b"new script")


def _tend(store: Store, _loaded: Loaded) -> None:
    now = 0.0
    while (wait_s := store.tend_s(now)) is not None:
        now += wait_s
        store.tend(now)


def _allocate(store: Store, _loaded: Loaded) -> None:
    assert store.allocate_id() > HIGHEST


def _remove_job(store: Store, _loaded: Loaded) -> None:
    assert store.remove([3]) == [3]


def _remove_all(store: Store, _loaded: Loaded) -> None:
    assert set(store.remove([1, 3, 6, 77])) <= {3, 6}


def _ended(store: Store, _loaded: Loaded) -> None:
    with open(root_of(store) + "/state/ended.log", "a", encoding="ascii") as log:
        log.write("nonsense\n" * 1100)
    assert len(store.ended()) == 5


def _close_to_others(store: Store, _loaded: Loaded) -> None:
    store.set_meta_mode(0o600)


def _evict(store: Store, _loaded: Loaded) -> None:
    squat = f"{root_of(store)}/users/u54321"
    if not os.path.isdir(squat):
        os.mkdir(squat)
    assert len(store.evict_squatters()) == 1


def _rebuilt(store: Store, _loaded: Loaded) -> None:
    store.rebuilt((90, None))


def _freeze(store: Store, _loaded: Loaded) -> None:
    path, last_id = store.freeze()
    assert last_id >= HIGHEST
    assert "running.job_2.meta" in os.listdir(path)


def _look(store: Store, loaded: Loaded) -> None:
    assert store.tasks_of(plain(77)) == []
    assert store.read_script(1) == OLD_SCRIPT
    assert store.find(6) is not None
    assert 6 in store.ended_numbers(Search())
    store.tasks_of(job_of(loaded, 6))


CLOSURES = Closures(partitions=frozenset({"debug"}))


def _close_places(store: Store, _loaded: Loaded) -> None:
    store.save_closures(CLOSURES)
    found, problem = store.closures()
    assert (found == CLOSURES) != bool(problem)


def _catch_up(store: Store, _loaded: Loaded) -> None:
    store.catch_up()
    assert not store.owes


def _nothing(_store: Store, _loaded: Loaded) -> None:
    """Opening and loading was all."""


def _leave(store: Store, _loaded: Loaded) -> None:
    store.allocate_id()
    store.close()


PUBLISH = ("publish",)
LOOKS = ("find", "read_script", "tasks_of", "ended_numbers")
CLOSES = ("closures", "save_closures")
DEEDS = (
    Deed(name="submit", uses=PUBLISH, do=_submit),
    Deed(name="submit-array", uses=PUBLISH, do=_submit_array),
    Deed(name="grant", uses=PUBLISH, do=_grant),
    Deed(name="grant-hastily", uses=("publish", "place"), do=_grant_hastily),
    Deed(name="start", uses=PUBLISH, do=_start),
    Deed(name="end", uses=PUBLISH, do=_end),
    Deed(name="order-cancel", uses=PUBLISH, do=_order_cancel),
    Deed(name="cancel-waiting", uses=PUBLISH, do=_cancel_waiting),
    Deed(name="requeue", uses=PUBLISH, do=_requeue),
    Deed(name="correct-end", uses=PUBLISH, do=_correct_end),
    Deed(name="grant-tasks", uses=PUBLISH, do=_grant_tasks),
    Deed(name="grant-last-tasks", uses=PUBLISH, do=_grant_last_tasks),
    Deed(name="end-task", uses=PUBLISH, do=_end_task),
    Deed(name="end-array", uses=PUBLISH, do=_end_array),
    Deed(name="cancel-tasks", uses=PUBLISH, do=_cancel_tasks),
    Deed(name="requeue-task", uses=PUBLISH, do=_requeue_task),
    Deed(name="submit-script", uses=PUBLISH, do=_submit_script),
    Deed(name="tend", uses=("tend", "tend_s"), do=_tend, make=killed, writes=False),
    Deed(name="rebuilt", uses=("rebuilt",), do=_rebuilt, make=spoilt, writes=False),
    Deed(name="allocate-id", uses=("allocate_id",), do=_allocate, writes=False),
    Deed(name="remove-job", uses=("remove",), do=_remove_job),
    Deed(name="remove-all", uses=("remove",), do=_remove_all),
    Deed(name="ended", uses=("ended",), do=_ended, writes=False),
    Deed(name="close-to-others", uses=("set_meta_mode",), do=_close_to_others, writes=False),
    Deed(name="evict", uses=("evict_squatters",), do=_evict, writes=False),
    Deed(name="freeze", uses=("freeze",), do=_freeze, writes=False),
    Deed(name="look", uses=LOOKS, do=_look, writes=False),
    Deed(name="close-places", uses=CLOSES, do=_close_places, writes=False),
    Deed(name="catch-up", uses=("catch_up", "owes"), do=_catch_up, writes=False),
    Deed(name="close", uses=("close",), do=_leave, writes=False),
    Deed(name="open", uses=("open", "load"), do=_nothing, writes=False, begins=True),
    Deed(name="begin", uses=("open", "load"), do=_nothing, make=nothing, writes=False, begins=True),
    Deed(name="repair", uses=("open", "load"), do=_nothing, make=spoilt, writes=False, begins=True),
    Deed(
        name="recover", uses=("open", "load"), do=_nothing, make=killed, writes=False, begins=True
    ),
    Deed(
        name="take-over",
        uses=("open", "load"),
        do=_nothing,
        make=bash_version,
        writes=False,
        begins=True,
    ),
)
