"""Frames and fields: what was packed comes out again, and nothing else gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.errors import WireError
from tinysched.wire.fields import HEADER, MAX_MESSAGE, body_size, pack, unpack

names = st.text(st.characters(max_codepoint=127), max_size=20)
messages = st.tuples(names, st.lists(st.tuples(names, st.binary(max_size=300)), max_size=8))


@given(messages)
def test_what_was_packed_is_unpacked(message):
    frame = pack(*message)
    assert body_size(frame[:HEADER]) == len(frame) - HEADER
    assert unpack(frame[HEADER:]) == message


@given(messages, st.data())
def test_a_message_cut_anywhere_is_refused(message, data):
    body = pack(*message)[HEADER:]
    cut = data.draw(st.integers(0, len(body) - 1))
    try:
        verb, fields = unpack(body[:cut])
    except WireError:
        return
    # Cut behind a whole field: a shorter message, and a true beginning of the longer one.
    assert (verb, fields) == (message[0], message[1][: len(fields)])
    assert len(fields) < len(message[1])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_wire_error(body):
    try:
        verb, fields = unpack(body)
    except WireError:
        return
    assert pack(verb, fields)[HEADER:] == body


@given(st.integers(0, 2**32 - 1))
def test_a_frame_is_refused_by_its_header_alone_exactly_if_it_is_too_large(size):
    header = size.to_bytes(HEADER, "big")
    if size <= MAX_MESSAGE:
        assert body_size(header) == size
    else:
        with pytest.raises(WireError, match=f"{size} bytes are more than {MAX_MESSAGE}"):
            body_size(header)


def test_a_message_may_have_four_mebibytes_and_no_byte_more():
    overhead = len(pack("v", [("n", b"")])) - HEADER
    largest = pack("v", [("n", b"x" * (MAX_MESSAGE - overhead))])
    assert body_size(largest[:HEADER]) == MAX_MESSAGE
    with pytest.raises(WireError, match="cannot send 'v'"):
        pack("v", [("n", b"x" * (MAX_MESSAGE - overhead + 1))])


def test_a_name_may_come_more_than_once_and_order_is_kept():
    fields = [("arg", b"1"), ("x", b""), ("arg", b"2"), ("arg", b"1")]
    assert unpack(pack("queue", fields)[HEADER:]) == ("queue", fields)


def test_a_name_that_is_not_ascii_is_refused():
    word = "é".encode()
    body = len(word).to_bytes(4, "big") + word
    with pytest.raises(WireError, match="not ASCII"):
        unpack(body)
