"""Jobs are found by the lines about their ends, whatever else a log holds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.ended import EndedLine
from tinysched.job.model import Outcome
from tinysched.spool import endedlog, endedsearch
from tinysched.spool.endedsearch import Finder, Search, search

lines = st.builds(
    EndedLine,
    number=st.integers(1, 9),
    task=st.none() | st.integers(0, 3),
    uid=st.integers(1, 3),
    user=st.sampled_from(["alice", "bob"]),
    name=st.sampled_from(["a", "A", "b\t", "\u00e9", "\n"]),
    outcome=st.sampled_from([Outcome.COMPLETED, Outcome.FAILED]),
    ended_at=st.sampled_from([10.0, 20.5]),
    started_at=st.none() | st.just(5.0),
)


def text(*told: EndedLine | str) -> bytes:
    return "".join(one if isinstance(one, str) else endedlog._render(one) for one in told).encode(
        "ascii"
    )


@given(
    told=st.lists(
        lines | st.sampled_from(["gone\t3\t*\n", "gone\t4\t-\n", "gone\t5\t1\n", "x\n", "7\t\t\n"])
    ),
    since=st.sampled_from([0.0, 15.0]),
    uids=st.none() | st.sets(st.integers(1, 3)),
    names=st.none() | st.sets(st.sampled_from(["a", "b\t", "\u00e9"])),
    outcomes=st.none() | st.sets(st.sampled_from(["COMPLETED", "FAILED"])),
)
def test_all_that_may_be_meant_is_found(told, since, uids, names, outcomes):
    raw = text(*told)
    index = endedlog.parse(raw).lines.values()
    plain = names is None or all(name.isascii() for name in names)
    expected = {
        line.number
        for line in index
        if line.ended_at >= since
        and (uids is None or line.uid in uids)
        and (names is None or not plain or line.name.lower() in names)
        and (outcomes is None or line.outcome.value in outcomes or line.started_at is None)
    }
    wanted = Search(ended_since=since, uids=uids, names=names, outcomes=outcomes)
    assert search(raw, wanted) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endedsearch, "_STRETCH", 40)
        finder = Finder()
        finder.search(raw[: len(raw) // 2], wanted)
        # An end before an earlier one of the same job, told later, may be passed over.
        assert expected <= finder.search(raw, wanted) <= search(raw, Search()) | expected


def test_damage_hides_nothing_else():
    line = EndedLine(
        number=7, task=None, uid=1, user="a", name="n", outcome=Outcome.FAILED, ended_at=9.0
    )
    broken = b"\xff\xfe\n1\t2\n" + text(line).replace(b"9.0", b"x")
    assert search(broken + text(line) + b"8\t-\t1", Search()) == {7}


def test_stretches_of_old_ends_are_passed_over(monkeypatch):
    monkeypatch.setattr(endedsearch, "_STRETCH", 200)
    old, new = (
        EndedLine(
            number=number, task=None, uid=1, user="a", name="n", outcome=Outcome.FAILED,
            ended_at=float(number),
        )
        for number in (1, 99)
    )  # fmt: skip
    raw = text(*[old] * 50, *[new] * 3)
    finder, taken = Finder(), []
    assert finder.search(raw, Search(ended_since=50.0)) == {99}
    take = endedsearch._Found.take
    monkeypatch.setattr(
        endedsearch._Found,
        "take",
        lambda self, lines: taken.append(len(lines)) or take(self, lines),
    )
    assert finder.search(raw, Search(ended_since=50.0)) == {99}
    assert sum(taken) < len(raw) / 4
    assert finder.search(raw, Search()) == {1, 99}
    finder.forget()
    assert finder.search(text(old), Search()) == {1}
