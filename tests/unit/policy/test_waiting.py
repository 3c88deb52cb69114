"""The queue as an index: it must never differ from a plain list."""

from hypothesis import given
from hypothesis import strategies as st

from tinysched.policy.waiting import Entry, Waiting

puts = st.builds(
    Entry,
    id=st.integers(1, 8),
    uid=st.integers(1, 2),
    cores=st.integers(1, 3),
    eligible_at=st.floats(0, 10),
    count=st.integers(1, 3),
    rank=st.integers(0, 3),
    memory_mib=st.integers(0, 2),
    partition=st.sampled_from(("", "debug")),
)
drops = st.integers(1, 8)


@given(st.lists(puts | drops, max_size=40))
def test_after_any_puts_and_drops_it_holds_what_a_dictionary_would(changes):
    waiting, plain = Waiting(), {}
    for change in changes:
        if isinstance(change, Entry):
            waiting.put(change)
            plain[change.id] = change
        else:
            waiting.drop(change)
            plain.pop(change, None)
    assert list(waiting) == sorted(plain.values(), key=lambda entry: entry.age)
    assert len(waiting) == len(plain)
    assert [waiting.get(number) for number in range(1, 9)] == [plain.get(n) for n in range(1, 9)]
    buckets = {(uid, size): list(ages) for uid, size, ages in waiting.buckets()}
    assert sum(map(len, buckets.values())) == len(plain)
    for (uid, size), ages in buckets.items():
        assert ages == sorted(
            entry.age for entry in plain.values() if (entry.uid, entry.size) == (uid, size)
        )
        assert ages
