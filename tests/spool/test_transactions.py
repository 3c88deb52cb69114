"""A journal's file is read as far as it is whole; what a release wrote, the next one reads."""

from hypothesis import given
from hypothesis import strategies as st

from tinysched.spool import tree
from tinysched.spool.transactions import HEAD_SIZE, Entry, Kind, frame, frames, head, read_head

MARK = b"sixteen!"
ENTRIES = [
    Entry(Kind.SCRIPT, 3, content=b"#!/bin/sh"),
    Entry(Kind.RECORD, 3, 7, tree.RUNNING, 2, b"{}"),
    Entry(Kind.GONE, 4),
]
# Never to be changed: a dispatcher that was killed may have left it.
RECORDED = bytes.fromhex(
    "f574736a726e310a03000000000000007369787465656e21c79af7eb7369787465656e2171000000"
    "0000000046e2522102000300000000000000ffffffffffffffff0000000000000000090000000000"
    "000023212f62696e2f73680101030000000000000007000000000000000200000000000000020000"
    "00000000007b7d03000400000000000000ffffffffffffffff000000000000000000000000000000"
    "00"
)


def told(raw, mark=MARK):
    return [entry for some, _ in frames(mark, raw) for entry in some]


def test_what_the_first_release_wrote_is_read():
    assert read_head(RECORDED) == (3, MARK)
    assert told(RECORDED) == ENTRIES
    assert head(3, MARK) + frame(MARK, ENTRIES) == RECORDED


entries = st.builds(
    Entry,
    kind=st.sampled_from(Kind),
    number=st.integers(1, 2**40),
    task=st.none() | st.integers(0, 2**40),
    folder=st.sampled_from(tree.FOLDERS),
    revision=st.integers(0, 2**40),
    content=st.binary(max_size=50),
)


@given(st.lists(st.lists(entries, max_size=3), max_size=4), st.data())
def test_all_that_is_whole_is_read_and_nothing_else(transactions, data):
    parts = [frame(MARK, some) for some in transactions]
    raw = head(1, MARK) + b"".join(parts)
    cut = data.draw(st.integers(HEAD_SIZE, len(raw)))
    ends = [HEAD_SIZE + sum(map(len, parts[: count + 1])) for count in range(len(parts))]
    whole = [some for some, end in zip(transactions, ends, strict=True) if end <= cut]
    for rest in (b"", b"\0" * 100, raw[HEAD_SIZE + 1 :]):
        assert [some for some, _ in frames(MARK, raw[:cut] + rest)][: len(whole)] == whole
    assert [some for some, _ in frames(MARK, raw[:cut])] == whole


@given(st.data())
def test_one_wrong_bit_is_seen(data):
    at = data.draw(st.integers(HEAD_SIZE * 8, len(RECORDED) * 8 - 1))
    wrong = bytearray(RECORDED)
    wrong[at // 8] ^= 1 << at % 8
    assert told(bytes(wrong)) == []


def test_what_a_former_turn_left_is_not_read():
    former = head(1, MARK) + frame(MARK, ENTRIES) * 3
    now = head(2, b"another!") + frame(b"another!", ENTRIES[:1])
    assert told(now + former[len(now) :], b"another!") == ENTRIES[:1]
    assert read_head(bytes(HEAD_SIZE)) is None
    assert read_head(b"x" * 100) is None
