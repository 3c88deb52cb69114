"""Who starts, who waits, and what is said about it."""

from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.model import Hold
from tinysched.policy.fifo import Room, Start, Waiter, blocker, explain, plan
from tinysched.policy.waiting import Entry, Waiting

HOUR = 3600.0


def queue(*entries):
    waiting = Waiting()
    for entry in entries:
        waiting.put(entry)
    return waiting


def entry(number, cores, *, uid=1, since=None, count=1):
    eligible_at = float(number) if since is None else since
    return Entry(id=number, uid=uid, cores=cores, eligible_at=eligible_at, count=count)


def room(free, total=8, agents=(1,)):
    return Room(
        cores_total=total, cores_free=free, uids_with_agent=frozenset(agents), starvation_s=HOUR
    )


def said(of, within, blocked_by=None, **more):
    return str(explain(Waiter(entry=of, **more), within, blocked_by))


def test_the_oldest_starts_first():
    assert plan(queue(entry(2, 5), entry(1, 5)), room(8), 10.0) == (Start(id=1, count=1),)


def test_jobs_are_packed_as_long_as_they_fit():
    waiting = queue(entry(1, 3), entry(2, 3), entry(3, 3))
    assert plan(waiting, room(8), 10.0) == (Start(id=1, count=1), Start(id=2, count=1))


def test_equally_old_jobs_start_in_order_of_id():
    waiting = queue(entry(2, 8, since=0.0), entry(1, 8, since=0.0))
    assert plan(waiting, room(8), 10.0) == (Start(id=1, count=1),)


def test_a_job_that_does_not_fit_may_be_passed():
    assert plan(queue(entry(1, 6), entry(2, 2)), room(4), 10.0) == (Start(id=2, count=1),)


def test_a_job_that_has_waited_long_enough_is_passed_by_nobody():
    waiting = queue(entry(1, 6, since=0.0), entry(2, 2))
    assert plan(waiting, room(4), HOUR - 1) == (Start(id=2, count=1),)
    assert plan(waiting, room(4), HOUR) == ()


def test_a_starving_job_does_not_hold_up_older_ones():
    waiting = queue(entry(1, 2, since=0.0), entry(2, 6, since=1.0), entry(3, 1))
    assert plan(waiting, room(4), 2 * HOUR) == (Start(id=1, count=1),)


def test_a_starving_job_starts_when_it_fits():
    waiting = queue(entry(1, 6, since=0.0), entry(2, 2))
    assert plan(waiting, room(8), 2 * HOUR) == (Start(id=1, count=1), Start(id=2, count=1))


def test_a_job_larger_than_the_queue_blocks_nobody_ever():
    waiting = queue(entry(1, 9, since=0.0), entry(2, 8))
    assert plan(waiting, room(8), 9 * HOUR) == (Start(id=2, count=1),)


def test_a_job_without_an_agent_blocks_nobody_ever():
    waiting = queue(entry(1, 8, uid=2, since=0.0), entry(2, 8))
    assert plan(waiting, room(8), 9 * HOUR) == (Start(id=2, count=1),)


def test_as_many_tasks_of_an_array_start_as_fit():
    assert plan(queue(entry(1, 3, count=100)), room(8), 10.0) == (Start(id=1, count=2),)


def test_no_more_tasks_of_an_array_start_than_may():
    waiting = queue(entry(1, 1, count=2), entry(2, 1))
    assert plan(waiting, room(8), 10.0) == (Start(id=1, count=2), Start(id=2, count=1))


def test_an_array_at_its_limit_is_passed():
    waiting = queue(entry(1, 1, since=0.0, count=0), entry(2, 1))
    assert plan(waiting, room(8), 9 * HOUR) == (Start(id=2, count=1),)


def test_nothing_starts_when_more_is_taken_than_there_is():
    waiting = queue(entry(1, 1))
    assert plan(waiting, room(-4), 10.0) == ()
    assert said(entry(1, 1), room(-4)) == "Resources: needs 1 core, 0 free"


def test_a_plan_changes_nothing():
    waiting = queue(entry(1, 1), entry(2, 1))
    first = plan(waiting, room(8), 10.0)
    assert plan(waiting, room(8), 10.0) == first
    assert [waiter.id for waiter in waiting] == [1, 2]


def test_a_held_job_says_who_can_release_it():
    job = entry(1, 99, uid=7)
    assert said(job, room(8), hold=Hold.USER) == "JobHeldUser: tscontrol release lets it start"
    assert said(job, room(8), hold=Hold.ADMIN) == "JobHeldAdmin: only an admin can release it"


def test_a_job_that_is_too_large_says_what_the_queue_has():
    assert said(entry(1, 9), room(3)) == "Resources: needs 9 cores, this queue has 8"


def test_a_job_without_an_agent_says_how_to_get_one():
    assert said(entry(1, 1, uid=5), room(8)) == (
        "AgentDown: its owner's agent does not run, any ts command of the owner starts it"
    )


def test_an_array_at_its_limit_says_how_many_run():
    waiter = entry(1, 1)
    assert said(waiter, room(8), running=2, limit=2) == "JobArrayTaskLimit: 2 of 2 tasks run"
    assert said(waiter, room(0), running=1, limit=2) == "Resources: needs 1 core, 0 free"


def test_a_job_that_does_not_fit_says_what_is_missing():
    assert said(entry(1, 8), room(3)) == "Resources: needs 8 cores, 3 free"


def test_a_job_behind_a_starving_one_names_it():
    waiting = queue(entry(1, 6, since=0.0), entry(2, 2))
    starving = blocker(waiting, room(4), 2 * HOUR)
    assert starving is not None
    words = "Priority: job 1 has waited longer and needs 6 cores"
    assert said(entry(2, 2), room(4), starving) == words
    assert said(starving, room(4), starving) == "Resources: needs 6 cores, 4 free"


def test_before_the_hour_nobody_blocks():
    assert blocker(queue(entry(1, 6, since=0.0), entry(2, 2)), room(4), HOUR - 1) is None


def test_a_job_that_fits_says_that_it_is_about_to_start():
    assert said(entry(1, 1), room(8)) == "None: about to start"


# Properties

entries = st.lists(
    st.builds(
        Entry,
        id=st.integers(1, 10**6),
        uid=st.integers(1, 3),
        cores=st.integers(1, 10),
        eligible_at=st.integers(0, 20).map(lambda tenths: tenths * HOUR / 10),
        count=st.integers(0, 5),
    ),
    max_size=30,
    unique_by=lambda one: one.id,
)
rooms = st.builds(
    Room,
    cores_total=st.integers(1, 8),
    cores_free=st.integers(-2, 8),
    uids_with_agent=st.frozensets(st.integers(1, 3)),
    starvation_s=st.just(HOUR),
).filter(lambda one: one.cores_free <= one.cores_total)
NOW = 2 * HOUR


def applied(waiting_entries, within, starts):
    """What is left after a plan: the queue and the room."""
    counts = {start.id: start.count for start in starts}
    left, taken = [], 0
    for one in waiting_entries:
        count = counts.get(one.id, 0)
        taken += count * one.cores
        rest = Entry(
            id=one.id,
            uid=one.uid,
            cores=one.cores,
            eligible_at=one.eligible_at,
            count=one.count - count,
        )
        if rest.count:
            left.append(rest)
    free = within.cores_free - taken
    return left, Room(
        cores_total=within.cores_total,
        cores_free=free,
        uids_with_agent=within.uids_with_agent,
        starvation_s=within.starvation_s,
    )


@given(entries, rooms)
def test_never_more_is_started_than_there_is_room_for(waiting_entries, within):
    starts = plan(queue(*waiting_entries), within, NOW)
    assert len({start.id for start in starts}) == len(starts)
    by_id = {one.id: one for one in waiting_entries}
    assert all(1 <= start.count <= by_id[start.id].count for start in starts)
    assert all(by_id[start.id].uid in within.uids_with_agent for start in starts)
    taken = sum(start.count * by_id[start.id].cores for start in starts)
    assert taken <= max(0, within.cores_free)


@given(entries, rooms)
def test_everyone_left_waiting_has_an_explanation(waiting_entries, within):
    left, rest = applied(waiting_entries, within, plan(queue(*waiting_entries), within, NOW))
    blocked_by = blocker(queue(*left), rest, NOW)
    for one in left:
        assert explain(Waiter(entry=one), rest, blocked_by).name in (
            "Resources",
            "Priority",
            "AgentDown",
        )


@given(entries, rooms, st.randoms())
def test_the_same_queue_gives_the_same_plan_however_it_was_filled(waiting_entries, within, chance):
    shuffled = list(waiting_entries)
    chance.shuffle(shuffled)
    assert plan(queue(*waiting_entries), within, NOW) == plan(queue(*shuffled), within, NOW)


@given(entries, rooms)
def test_a_plan_that_was_carried_out_leaves_nothing_to_plan(waiting_entries, within):
    left, rest = applied(waiting_entries, within, plan(queue(*waiting_entries), within, NOW))
    assert plan(queue(*left), rest, NOW) == ()


@given(entries, rooms)
def test_the_plan_is_that_of_a_plain_walk_through_the_queue_by_age(waiting_entries, within):
    expected, free = [], within.cores_free
    for one in sorted(waiting_entries, key=lambda each: each.age):
        if one.cores > within.cores_total or one.uid not in within.uids_with_agent:
            continue
        count = max(0, min(one.count, free // one.cores))
        free -= count * one.cores
        if count:
            expected.append(Start(id=one.id, count=count))
        if count < one.count and NOW - one.eligible_at >= within.starvation_s:
            break
    assert plan(queue(*waiting_entries), within, NOW) == tuple(expected)


@given(entries, rooms)
def test_no_job_passes_an_older_one_that_would_have_fitted(waiting_entries, within):
    starts = plan(queue(*waiting_entries), within, NOW)
    left, rest = applied(waiting_entries, within, starts)
    by_id = {one.id: one for one in waiting_entries}
    for passed in left:
        could = passed.uid in within.uids_with_agent and passed.cores <= within.cores_total
        younger = [by_id[start.id] for start in starts if by_id[start.id].age > passed.age]
        if could and younger:
            # What the younger ones took would not have been enough for it at its turn.
            taken = sum(
                start.count * by_id[start.id].cores
                for start in starts
                if by_id[start.id].age > passed.age
            )
            assert passed.cores > rest.cores_free + taken
            assert NOW - passed.eligible_at < within.starvation_s
