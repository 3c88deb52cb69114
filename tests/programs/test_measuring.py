"""How a worker measures: it looks seldomer and seldomer, and counts what has ended."""

from __future__ import annotations

import os

import pytest

from tests.fakes import FakeClock
from tinysched.errors import SpoolError
from tinysched.host import consumption, tree
from tinysched.host.processes import Reaped
from tinysched.programs import measuring
from tinysched.programs.measuring import FIRST_LOOK_S, SELDOMEST_S, Meter


class Alone:
    """A user's directory without an agent."""

    def agent_pid(self) -> int | None:
        raise SpoolError("the disk has a bad moment")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What the next looks see, the last first; this process itself has 10 000 KiB."""
    found: list[tuple[int, int]] = []
    monkeypatch.setattr(tree, "descendants", lambda _pid, _spare: [4711])
    monkeypatch.setattr(
        consumption,
        "memory_kib",
        lambda pids: (10_000, 20_000) if pids == [os.getpid()] else found.pop(),
    )
    return found


def child(**took: float) -> Reaped:
    return Reaped(**{"pid": 1, "code": 0, "signal": 0, "cpu_s": 0.0, **took})


def test_the_largest_of_all_looks_counts(clock, sizes):
    meter = Meter(Alone(), clock)
    sizes += [(2000, 9000), (3000, 4000), (1000, 5000)]
    meter.look()
    assert len(sizes) == 3, "nothing is due at the start"
    for _ in range(3):
        clock.sleep(meter.sooner(None))
        meter.look()
    assert (meter.usage.peak_memory_kib, meter.usage.peak_virtual_kib) == (3000, 9000)
    assert sizes == []


def test_looks_become_seldom(clock, sizes):
    meter = Meter(Alone(), clock)
    pauses = []
    for _ in range(20):
        pauses.append(meter.sooner(None))
        clock.sleep(pauses[-1])
        sizes.append((1, 1))
        meter.look()
    assert pauses[0] == pytest.approx(FIRST_LOOK_S)
    seldom = next(at for at, pause in enumerate(pauses) if pause > SELDOMEST_S / 2)
    assert pauses[:seldom] == sorted(pauses[:seldom])
    assert pauses[-1] == pytest.approx(SELDOMEST_S)
    assert sum(pauses[:10]) < 40
    assert meter.sooner(1.0) == 1.0
    assert meter.sooner(99.0) == pytest.approx(SELDOMEST_S)


def test_a_look_that_takes_long_is_not_repeated_soon(clock, monkeypatch):
    meter = Meter(Alone(), clock)
    monkeypatch.setattr(tree, "descendants", lambda _pid, _spare: clock.sleep(0.1) or [])
    clock.sleep(FIRST_LOOK_S)
    meter.look()
    assert meter.sooner(None) == pytest.approx(0.1 / measuring.SHARE, abs=SELDOMEST_S / 2)


def test_runs_of_one_host_are_looked_at_together(clock, sizes):
    moments = set()
    for _ in range(5):
        meter = Meter(Alone(), clock)
        for _ in range(12):
            clock.sleep(meter.sooner(None))
            sizes.append((1, 1))
            meter.look()
        moments.add(round(clock.boottime() % SELDOMEST_S, 6) % SELDOMEST_S)
        clock.sleep(1.3)
    assert moments == {0.0}


def test_who_is_the_agents_child_does_not_ask_who_the_agent_is(clock, monkeypatch):
    asked = []
    private = Alone()
    private.agent_pid = lambda: asked.append(1) or os.getppid()
    meter = Meter(private, clock)
    monkeypatch.setattr(tree, "descendants", lambda _pid, spare: asked.append(spare) or [])
    clock.sleep(FIRST_LOOK_S)
    meter.look()
    assert asked == [1, ()]


def test_what_has_ended_is_counted(clock, sizes):
    meter = Meter(Alone(), clock)
    meter.reaped(child(cpu_s=1.5, system_s=0.25, peak_kib=10_500, blocks_in=2, blocks_out=4))
    assert meter.usage.peak_memory_kib == 0, "no more than it had from its fork"
    meter.reaped(child(cpu_s=1.0, system_s=0.125, peak_kib=70_000))
    meter.reaped(child(peak_kib=60_000))
    usage = meter.usage
    assert meter.cpu_s == 2.5
    assert (usage.system_s, usage.peak_memory_kib, usage.peak_virtual_kib) == (
        0.375,
        70_000,
        70_000,
    )
    assert (usage.read_bytes, usage.written_bytes) == (1024, 2048)
