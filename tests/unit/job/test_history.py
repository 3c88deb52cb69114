"""A bounded list of events, in a form that outlives releases."""

from hypothesis import given
from hypothesis import strategies as st

from tinysched.job import history
from tinysched.job.history import MOST_LINES, NOTHING, Event, History

words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=9)
moments = st.floats(0, 1e11).map(lambda at: round(at, 3))


@given(moments, words, st.dictionaries(words, words | st.integers(), max_size=4))
def test_an_event_comes_back_as_it_went(at, name, facts):
    [event] = NOTHING.with_event(at, name, **facts).events()
    assert (event.name, abs(event.at - at) < 0.001) == (name, True)
    assert dict(event.facts) == {key: str(value) for key, value in facts.items()}


def test_a_fact_that_is_not_known_is_left_out():
    assert NOTHING.with_event(1.5, history.REQUEUED, by=None, why="NodeDown").lines == (
        "1.500 Requeued why=NodeDown",
    )


def test_of_many_events_the_latest_are_kept_and_the_others_counted():
    told = NOTHING
    for number in range(MOST_LINES + 7):
        told = told.with_event(float(number), "Held", by=number)
    assert (len(told.lines), told.dropped) == (MOST_LINES, 7)
    assert told.events()[0].facts["by"] == "7"
    assert told.events()[-1].facts["by"] == str(MOST_LINES + 6)


@given(st.lists(st.text(max_size=30)))
def test_whatever_a_record_says_can_be_looked_at(lines):
    for event in History(lines=tuple(lines)).events():
        assert isinstance(event, Event)
        assert 0 <= event.at < 1e12
        assert event.name
