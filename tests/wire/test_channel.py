"""Both ends of a conversation, over real sockets."""

import os
import select
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import WireError
from tinysched.wire.channel import LONGEST_BACKLOG, PART, Channel, Message
from tinysched.wire.fields import HEADER, MAX_MESSAGE, pack


@pytest.fixture
def ends():
    """A channel and the raw socket at its other end."""
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    yield channel, theirs
    channel.close()
    theirs.close()


@pytest.fixture
def pair():
    """Two channels that talk to each other."""
    one, other = (Channel(end) for end in socket.socketpair())
    yield one, other
    one.close()
    other.close()


def test_a_channel_knows_who_is_at_the_other_end(ends):
    peer = ends[0].peer
    assert (peer.pid, peer.uid, peer.gid) == (os.getpid(), os.getuid(), os.getgid())


def test_a_message_arrives_whole(pair):
    one, other = pair
    one.send("hello", [("a", b"1"), ("b", b"\xff\0"), ("a", b"2")])
    [message] = other.receive()
    assert message.verb == "hello"
    assert message.fields == [("a", b"1"), ("b", b"\xff\0"), ("a", b"2")]


def test_many_messages_may_come_at_once(pair):
    one, other = pair
    for number in range(100):
        one.send("n", [("number", b"%d" % number)])
    assert [message.text("number") for message in other.receive()] == [str(n) for n in range(100)]
    assert other.receive() == []


def test_what_is_queued_goes_with_what_is_said_next_or_at_a_flush(pair):
    one, other = pair
    one.queue("first", [])
    assert other.receive() == []
    one.send("second", [])
    assert [message.verb for message in other.receive()] == ["first", "second"]
    one.queue("third", [])
    one.flush()
    assert [message.verb for message in other.receive()] == ["third"]


def test_a_message_that_comes_byte_by_byte_is_read_once_it_is_whole(ends):
    channel, other = ends
    frame = pack("hello", [("name", b"value")])
    for byte in frame[:-1]:
        other.send(bytes([byte]))
        assert channel.receive() == []
    other.send(frame[-1:])
    [message] = channel.receive()
    assert message.text("name") == "value"
    assert not channel.closed


@given(st.lists(st.binary(max_size=200), max_size=6), st.integers(1, 50))
def test_how_a_stream_is_cut_changes_nothing(values, width):
    stream = b"".join(pack("v", [("x", value)]) for value in values)
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    received = []
    for start in range(0, len(stream), width):
        theirs.send(stream[start : start + width])
        received += channel.receive()
    theirs.close()
    received += channel.receive()
    channel.close()
    assert [message.raw("x") for message in received] == values


@given(st.binary(max_size=300))
def test_any_bytes_give_messages_or_a_wire_error(content):
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    try:
        theirs.sendall(content)
        assert all(isinstance(message, Message) for message in channel.receive())
    except WireError:
        pass
    finally:
        channel.close()
        theirs.close()


def test_half_a_frame_at_the_end_is_no_message(ends):
    channel, other = ends
    other.sendall(pack("whole", []) + pack("half", [("x", b"12345")])[:-1])
    other.close()
    messages = channel.receive() + channel.receive()
    assert [message.verb for message in messages] == ["whole"]
    assert channel.closed


def test_a_frame_that_is_too_large_is_refused_by_its_header(ends):
    channel, other = ends
    other.sendall((MAX_MESSAGE + 1).to_bytes(HEADER, "big"))
    with pytest.raises(WireError, match="more than"):
        channel.receive()


def test_the_largest_message_goes_through(pair):
    one, other = pair
    value = os.urandom(1024) * (4 * 1024 - 1)
    one.send("submit", [("script", value)])
    received = []
    while not received:
        received = other.receive()
        one.flush()
    assert received[0].raw("script") == value
    assert not one.wants_write


def test_an_end_that_does_not_listen_is_not_waited_for(ends):
    channel, other = ends
    channel.send("big", [("x", bytes(3 * 1024 * 1024))])
    assert channel.wants_write
    other.setblocking(False)
    content = b""
    while channel.wants_write or select.select([other], [], [], 0)[0]:
        channel.flush()
        content += other.recv(1 << 20)
    assert content == pack("big", [("x", bytes(3 * 1024 * 1024))])


def test_who_never_listens_is_given_up(ends):
    channel, _ = ends
    for _ in range(LONGEST_BACKLOG // MAX_MESSAGE + 2):
        channel.send("big", [("x", bytes(MAX_MESSAGE - 100))])
    assert channel.closed
    assert not channel.wants_write


def test_sending_to_somebody_who_has_gone_does_not_raise(ends):
    channel, other = ends
    other.close()
    channel.send("hello", [])
    channel.send("hello", [])
    channel.flush()
    assert not channel.wants_write
    assert channel.receive() == []
    assert channel.closed


def test_what_was_said_before_hanging_up_is_heard(ends):
    channel, other = ends
    other.sendall(pack("last", []))
    other.close()
    assert [message.verb for message in channel.receive()] == ["last"]
    channel.receive()
    assert channel.closed


@pytest.mark.parametrize("size", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7])
def test_an_answer_of_any_length_goes_in_parts(pair, size):
    one, other = pair
    text = (os.urandom(997) * (size // 997 + 1))[:size]
    one.answer([("exit", b"0")], text)
    received = []
    while not received or received[-1].verb != "reply":
        one.flush()
        received += other.receive()
    *parts, reply = received
    assert {part.verb for part in parts} <= {"part"}
    assert reply.text("exit") == "0"
    pieces = [message.raw("out") for message in received]
    assert b"".join(pieces) == text
    assert max(map(len, pieces)) <= PART
