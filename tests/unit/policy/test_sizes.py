"""Memory and partitions as sizes, beside cores, and ranks before age."""

from hypothesis import given
from hypothesis import strategies as st

from tinysched.policy.fifo import Room, Start, Waiter, explain, plan
from tinysched.policy.waiting import Entry, Waiting

HOUR = 3600.0
LARGE = 10**6


def queue(*entries):
    waiting = Waiting()
    for entry in entries:
        waiting.put(entry)
    return waiting


def entry(number, *, cores=1, memory_mib=0, partition="", rank=0, count=1):
    return Entry(
        id=number,
        uid=1,
        cores=cores,
        eligible_at=float(number),
        count=count,
        rank=rank,
        memory_mib=memory_mib,
        partition=partition,
    )


def room(*, cores=8, memory_mib=None, memory_free_mib=0, partitions=None):
    return Room(
        cores_total=cores,
        cores_free=cores,
        uids_with_agent=frozenset({1}),
        starvation_s=HOUR,
        memory_total_mib=memory_mib,
        memory_free_mib=memory_free_mib,
        partitions=partitions or {},
    )


def why(of, within):
    return str(explain(Waiter(entry=of), within, None))


def test_the_lower_rank_starts_first_however_young():
    waiting = queue(entry(1, cores=8, rank=5), entry(2, cores=8, rank=4))
    assert plan(waiting, room(), 10.0) == (Start(id=2, count=1),)


def test_memory_that_is_not_counted_stops_nobody():
    assert plan(queue(entry(1, memory_mib=LARGE)), room(), 10.0) == (Start(id=1, count=1),)


def test_no_more_starts_than_there_is_memory_for():
    waiting = queue(entry(1, memory_mib=300, count=5), entry(2, memory_mib=100))
    here = room(memory_mib=1000, memory_free_mib=800)
    assert plan(waiting, here, 10.0) == (Start(id=1, count=2), Start(id=2, count=1))


def test_a_lack_of_memory_is_said_with_its_figures():
    here = room(memory_mib=1000, memory_free_mib=200)
    assert why(entry(1, memory_mib=300), here) == "Resources: needs 300 MiB of memory, 200 free"
    assert why(entry(1, memory_mib=3000), here) == (
        "Resources: needs 3000 MiB of memory, this queue has 1000 MiB"
    )


def test_what_needs_more_memory_than_there_is_blocks_nobody():
    waiting = queue(entry(1, memory_mib=3000), entry(2, memory_mib=10))
    here = room(memory_mib=1000, memory_free_mib=1000)
    assert plan(waiting, here, 10 * HOUR) == (Start(id=2, count=1),)


def test_a_partition_gives_no_more_cores_than_it_has():
    waiting = queue(entry(1, partition="short", count=8), entry(2, partition="debug", count=8))
    here = room(partitions={"short": (2, 1)})
    assert plan(waiting, here, 10.0) == (Start(id=1, count=1), Start(id=2, count=7))
    full = room(partitions={"short": (2, 0)})
    assert why(entry(1, partition="short"), full) == "Resources: needs 1 core, 0 free in short"


@given(
    st.lists(
        st.builds(
            entry,
            st.integers(1, 20),
            cores=st.integers(1, 4),
            memory_mib=st.integers(0, 500),
            partition=st.sampled_from(("", "short")),
            count=st.integers(1, 4),
            rank=st.integers(0, 3),
        ),
        max_size=12,
    ),
    st.integers(0, 1000),
    st.integers(0, 4),
)
def test_a_plan_never_gives_more_than_there_is(entries, memory_mib, cap):
    waiting = queue(*entries)
    here = room(memory_mib=1000, memory_free_mib=memory_mib, partitions={"short": (4, cap)})
    chosen = [(waiting.get(start.id), start.count) for start in plan(waiting, here, 5.0)]
    assert sum(one.cores * count for one, count in chosen) <= 8
    assert sum(one.memory_mib * count for one, count in chosen) <= memory_mib
    short = [(one, count) for one, count in chosen if one.partition == "short"]
    assert sum(one.cores * count for one, count in short) <= cap
