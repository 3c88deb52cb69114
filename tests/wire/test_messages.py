"""What programs say to each other: every value comes out as it went in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.spool import strategies as made
from tinysched import __version__
from tinysched.errors import WireError
from tinysched.job.model import Exit, JobId, RunId
from tinysched.job.runs import Cause, Ending, Grant, Order
from tinysched.job.signals import Reach
from tinysched.wire import messages
from tinysched.wire.channel import Message
from tinysched.wire.fields import HEADER, PROTOCOL, pack, unpack

RUN = RunId(job=JobId(number=42, task=7), attempt=2)
numbers = st.integers(0, 10**12)
runs = st.builds(
    RunId, job=st.builds(JobId, number=numbers, task=st.none() | numbers), attempt=numbers
)
seconds = st.floats(0, 1.9e11)
stages = st.sampled_from(["alive", "ended"])


def sent(verb, fields):
    """As the other end gets it."""
    verb, fields = unpack(pack(verb, fields)[HEADER:])
    return Message(verb=verb, fields=fields)


@given(made.grants(), runs, seconds)
def test_a_grant_comes_out_as_it_went_in(grant, run, kill_wait_s):
    grant = replace(grant, run=run, kill_wait_s=kill_wait_s)
    assert messages.read_grant(sent("grant", messages.grant_fields(grant))) == grant


@given(made.endings(), runs, st.none() | seconds, seconds, seconds)
def test_an_exit_record_comes_out_as_it_went_in(ending, run, started_at, ended_at, spent_s):
    ending = replace(
        ending,
        run=run,
        started_at=started_at,
        ended_at=ended_at,
        elapsed_s=spent_s,
        cpu_s=spent_s,
        survivors=ending.survivors[:50],
        output=ending.output[:500],
        error=ending.error[:500],
        words=ending.words[:500],
    )
    assert messages.read_ending(sent("ended", messages.ending_fields(ending))) == ending


def test_of_many_survivors_the_first_fifty_are_kept():
    survivors = tuple(f"{pid} sleep" for pid in range(60))
    ending = replace(ENDING, survivors=survivors)
    read = messages.read_ending(sent("ended", messages.ending_fields(ending)))
    assert read.survivors == survivors[:50]


@given(runs, numbers, seconds, made.words, made.words)
def test_the_news_of_a_start_come_out_as_they_went_in(run, pid, started_at, output, error):
    news = messages.Started(run=run, pid=pid, started_at=started_at, output=output, error=error)
    assert messages.Started.read(sent("started", news.fields())) == news


@given(st.dictionaries(runs, stages))
def test_a_hello_lists_every_run(known):
    hello = sent("hello", messages.greeting("agent", list(known.items())))
    messages.check_protocol(hello)
    assert messages.read_runs(hello) == known
    assert hello.text("kind") == "agent"
    assert hello.text("version") == __version__


@given(runs, st.booleans(), st.booleans(), st.integers(1, 64), st.sampled_from(Reach))
def test_an_order_names_its_run(run, kill, requeue, number, reach):
    stop = sent("stop", messages.stop_fields(run, kill=kill, requeue=requeue))
    assert messages.read_run(stop) == run
    assert messages.read_stop(stop) == Order(kill=kill, requeue=requeue)
    signal = sent("signal", messages.signal_fields(run, number, reach))
    assert (messages.read_run(signal), messages.read_signal(signal)) == (run, number)
    assert messages.read_reach(signal) is reach
    assert messages.read_run(sent("adopt", messages.run_fields(run))) == run


def test_orders_of_a_release_that_did_not_say_so_much_are_understood():
    stop = sent("stop", [("run", b"42.1"), ("kill", b"0")])
    assert messages.read_stop(stop) == Order(kill=False)
    signal = sent("signal", [("run", b"42.1"), ("signal", b"10")])
    assert messages.read_reach(signal) is Reach.ALL


def test_a_signal_for_somebody_unknown_is_for_nobody():
    with pytest.raises(WireError, match="cannot read 'signal'"):
        messages.read_reach(sent("signal", [("reach", b"neighbours")]))


def test_another_protocol_is_refused_with_both_versions():
    theirs = PROTOCOL + 1
    words = (
        f"cannot understand protocol {theirs} of version 9.9:"
        f" this is version {__version__} with protocol {PROTOCOL}"
    )
    fields = [("protocol", b"%d" % theirs), ("version", b"9.9")]
    with pytest.raises(WireError) as caught:
        messages.check_protocol(sent("hello", fields))
    assert caught.value.sentence == words


def test_who_says_no_protocol_is_refused():
    with pytest.raises(WireError, match="cannot understand protocol 0 of version"):
        messages.check_protocol(sent("hello", []))


def test_an_unknown_field_is_ignored():
    fields = [*messages.stop_fields(RUN, kill=True), ("since", b"1999")]
    assert messages.read_run(sent("stop", fields)) == RUN


def test_a_missing_field_is_named():
    with pytest.raises(WireError, match="cannot read 'stop': it has no field 'run'"):
        messages.read_run(sent("stop", []))


def test_of_a_repeated_field_the_last_one_counts():
    assert sent("v", [("a", b"1"), ("a", b"2")]).text("a") == "2"
    assert sent("v", [("a", b"1"), ("a", b"2")]).many("a") == ["1", "2"]


GRANT = Grant(
    run=RUN, raw_id=43, token="t", cores=2, memory_mib=9, limit_s=60, kill_wait_s=30.0, restarts=1
)
ENDING = Ending(
    run=RUN, cause=Cause.EXIT, exit=Exit(code=3), started_at=1.0, ended_at=2.0, survivors=("7 x",)
)
STARTED = messages.Started(run=RUN, pid=7, started_at=1.0, output="/o", error="/e")
READERS = {
    "grant": (messages.read_grant, messages.grant_fields(GRANT)),
    "started": (messages.Started.read, STARTED.fields()),
    "ended": (messages.read_ending, messages.ending_fields(ENDING)),
    "hello": (messages.read_runs, messages.greeting("agent", [(RUN, "alive")])),
    "stop": (messages.read_run, messages.stop_fields(RUN, kill=True)),
}
TRICKY = (
    b"", b"-1", b"1.5", b"nan", b"inf", b"-inf", b"1e400", b"1e13", b"3e11", b"9" * 5000, b"42.1",
    b"x", b"\xff", b"3:", b"\xd9\xa3",
)  # fmt: skip


@pytest.mark.parametrize("value", TRICKY)
@pytest.mark.parametrize("verb", READERS)
def test_any_field_may_hold_nonsense_and_is_read_or_refused_with_a_wire_error(verb, value):
    read, fields = READERS[verb]
    for place, (name, _) in enumerate(fields):
        changed = [*fields[:place], (name, value), *fields[place + 1 :]]
        try:
            found = read(sent(verb, changed))
        except WireError:
            continue
        for part in getattr(found, "__slots__", ()):
            number = getattr(found, part)
            assert not isinstance(number, float) or 0 <= number < 2e11, (name, number)


@pytest.mark.parametrize("verb", READERS)
@given(st.data())
def test_any_message_is_read_or_refused_with_a_wire_error(verb, data):
    read, fields = READERS[verb]
    names = st.sampled_from([name for name, _ in fields])
    changes = data.draw(st.dictionaries(names, st.binary(max_size=12)))
    try:
        read(sent(verb, [(name, changes.get(name, value)) for name, value in fields]))
    except WireError:
        return
