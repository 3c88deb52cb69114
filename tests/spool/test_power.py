"""What a power cut leaves is exactly what was acknowledged, wherever the journal's turn is."""

import os
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from tests.spool.disks import Death, QuickDisk
from tests.spool.made import GRANTED, RUNS, WAITS, ended, plain, with_state
from tests.spool.power import PowerDisk
from tinysched.spool import journal, settling
from tinysched.spool.store import Store

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]
STATES = (WAITS, GRANTED, RUNS, ended())
GONE = "gone"


class History:
    """Jobs that come, change, end and are purged at random; what of it was acknowledged."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._now = 0.0
        self.known: dict[int, object] = {}
        self.scripts: dict[int, bytes] = {}
        self.in_flight: dict[int, object] = {}

    def act(self, store: Store) -> None:
        """One thing more."""
        what = self._random.choice((self._submit, self._change, self._change, self._purge))
        self.in_flight.clear()
        what(store)
        self.in_flight.clear()
        self._now += self._random.choice((0.0, 0.2, 30.0, 100.0))
        if self._random.random() < 0.5 and store.tend_s(self._now) == 0.0:
            store.tend(self._now)

    def _submit(self, store: Store) -> None:
        number = store.allocate_id()
        script = self._random.randbytes(self._random.choice((10, 2000)))
        job = self.in_flight[number] = plain(number)
        self.scripts[number] = script
        [self.known[number]] = store.publish([job], script)

    def _change(self, store: Store) -> None:
        there = [job for job in self.known.values() if job != GONE]
        some = self._random.sample(there, min(len(there), self._random.choice((1, 1, 3))))
        changed = [with_state(job, self._random.choice(STATES)) for job in some]
        self.in_flight.update((job.id, job) for job in changed)
        if changed:
            is_hasty = self._random.random() < 0.5
            saved = store.publish(changed, is_hasty=is_hasty)
            self.known.update((job.id, job) for job in saved)

    def _purge(self, store: Store) -> None:
        for number, job in self.known.items():
            if job != GONE and job.is_final and self._random.random() < 0.3:
                self.in_flight[number] = GONE
                assert store.remove([number]) == [number]
                self.known[number] = GONE
                return

    def check(self, root: str) -> None:
        """What the next dispatcher finds is what was acknowledged; of the last thing, or not."""
        store = Store.open(root, QuickDisk())
        loaded = {job.id: replace(job, revision=0) for job in store.load(0.0).jobs}
        for number in {*self.known, *self.in_flight, *loaded}:
            may_be = [self.known.get(number, GONE)]
            may_be += [self.in_flight[number]] if number in self.in_flight else []
            found = loaded.get(number, GONE)
            plain_ones = [one if one == GONE else replace(one, revision=0) for one in may_be]
            assert found in plain_ones, number
            if found != GONE:
                assert store.read_script(number) == self.scripts[number]
        both = self.in_flight.keys() & self.known.keys() & loaded.keys()
        together = [self.in_flight[number] for number in both if self.in_flight[number] != GONE]
        together = [job for job in together if job.work != self.known[job.id].work]
        assert len({loaded[job.id].work == job.work for job in together}) < 2
        store.close()


@pytest.fixture
def small(monkeypatch):
    """A journal that is full soon."""
    monkeypatch.setattr(journal, "STEP", 4096)
    for where in (journal, settling):
        monkeypatch.setattr(where, "ENOUGH", 8192)
    monkeypatch.setattr(settling, "SLICE", 2)


def lived(root: str, random: Random, last: int) -> tuple[History, PowerDisk]:
    """A dispatcher until its last operation, and what was acknowledged until then."""
    history, disk = History(random), PowerDisk(root, last)
    with suppress(Death):
        store = Store.open(root, disk)
        store.load()
        for _ in range(60):
            history.act(store)
        store.close()
    return history, disk


@pytest.mark.soak
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("way", ["power", "kill"])
def test_what_was_acknowledged_is_there_after_any_end(tmp_path, way, soak):
    ends = Counter()
    for seed in range(40 * soak):
        random = Random(seed)
        root, left = f"{tmp_path}/{seed}", f"{tmp_path}/{seed}.left"
        os.mkdir(root)
        history, disk = lived(root, random, random.randrange(30, 1500))
        ends["whole" if len(disk.calls) < disk.last else "cut"] += 1
        if way == "power":
            disk.cut(left, random)
        else:
            disk.die()
            os.rename(root, left)
        history.check(left)
        history.check(left)
    assert ends["cut"] > ends["whole"]
