"""One question, one answer: and all that may go wrong on the way."""

import contextlib
import os
import threading

import pytest

from tests.wire.serving import read_message, reply, serving, site_at
from tinysched import __version__
from tinysched.errors import TryLaterError, WireError
from tinysched.wire import client
from tinysched.wire.fields import MAX_MESSAGE, PROTOCOL, pack

NOBODY = 65534
as_root = pytest.mark.skipif(os.getuid() != 0, reason="CI cannot run this: only root is others")


def test_an_answer_is_text_and_an_exit_code(tmp_path):
    fields = [("exit", b"3"), ("err", b"no\n"), ("out", b"text"), ("id", b"42")]
    with serving(tmp_path, reply(*fields)):
        answer = client.ask(site_at(tmp_path), "queue", [])
    assert (answer.exit_code, answer.out, answer.err) == (3, b"text", b"no\n")
    assert answer.values == {"id": b"42"}
    assert not answer.agent_missing
    assert answer.server_pid == os.getpid()


def test_an_answer_says_whether_an_agent_is_missing(tmp_path):
    with serving(tmp_path, reply(("exit", b"0"), ("agent_missing", b"1"))):
        assert client.ask(site_at(tmp_path), "queue", []).agent_missing


def test_a_question_begins_with_protocol_and_version(tmp_path):
    heard = []

    def work(connection):
        heard.append(read_message(connection))
        connection.sendall(pack("reply", [("exit", b"0")]))

    with serving(tmp_path, work):
        client.ask(site_at(tmp_path), "cancel", [("arg", b"42")])
    protocol, version = b"%d" % PROTOCOL, __version__.encode()
    greeting = [("protocol", protocol), ("version", version)]
    assert heard == [("cancel", [*greeting, ("arg", b"42")])]


def test_text_in_parts_is_put_together(tmp_path):
    def work(connection):
        read_message(connection)
        for part in (b"one ", b"two "):
            connection.sendall(pack("part", [("out", part)]))
        connection.sendall(pack("reply", [("exit", b"0"), ("out", b"three")]))

    with serving(tmp_path, work):
        assert client.ask(site_at(tmp_path), "queue", []).out == b"one two three"


def test_no_dispatcher_is_told_at_once_with_its_cure(tmp_path):
    with pytest.raises(TryLaterError, match="not running") as caught:
        client.ask(site_at(tmp_path), "queue", [])
    assert "tsdaemon start" in caught.value.cure
    assert caught.value.exit_code == 75


def test_a_dispatcher_that_is_being_restarted_is_waited_for(tmp_path):
    with contextlib.ExitStack() as stack:
        server = serving(tmp_path, reply(("exit", b"0")))
        restart = threading.Timer(0.06, lambda: stack.enter_context(server))
        restart.start()
        assert client.ask(site_at(tmp_path), "queue", [], wait_s=10.0).exit_code == 0
        restart.join()


def test_waiting_for_a_dispatcher_ends(tmp_path):
    with pytest.raises(TryLaterError, match="not running"):
        client.ask(site_at(tmp_path), "queue", [], wait_s=0.1)


def test_a_server_that_hangs_up_half_way_is_no_answer(tmp_path):
    def work(connection):
        read_message(connection)
        connection.sendall(pack("reply", [("exit", b"0")])[:-1])

    with serving(tmp_path, work), pytest.raises(TryLaterError, match="hung up"):
        client.ask(site_at(tmp_path), "queue", [])


def test_a_server_that_hangs_up_at_once_is_no_answer(tmp_path):
    def work(connection):
        connection.close()

    with serving(tmp_path, work), pytest.raises(TryLaterError, match="cannot"):
        client.ask(site_at(tmp_path), "submit", [("script", bytes(MAX_MESSAGE // 2))])


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "ANSWER_S", 0.05)
    done = threading.Event()
    with serving(tmp_path, lambda connection: done.wait(10)):
        with pytest.raises(TryLaterError, match="no answer in time"):
            client.ask(site_at(tmp_path), "queue", [])
        done.set()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (pack("nonsense", []), "unknown message 'nonsense'"),
        ((MAX_MESSAGE + 1).to_bytes(4, "big"), "more than"),
        (b"\0\0\0\4\xff\xff\xff\xff", "longer than the message"),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(tmp_path, answer, words):
    def work(connection):
        read_message(connection)
        connection.sendall(answer)

    with serving(tmp_path, work), pytest.raises(WireError, match=words):
        client.ask(site_at(tmp_path), "queue", [])


def test_a_server_that_is_not_the_admin_is_refused_before_it_hears_anything(tmp_path):
    heard = []
    with serving(tmp_path, lambda connection: heard.append(connection.recv(100))):
        other = os.getuid() + 1
        with pytest.raises(WireError, match=f"runs as uid {os.getuid()}, not {other}"):
            client.ask(site_at(tmp_path, admin_uid=other), "submit", [("script", b"secret")])
    assert heard == [b""]


@as_root
def test_a_server_of_another_user_is_refused_on_a_root_named_by_hand(tmp_path):
    with (
        serving(tmp_path, lambda connection: connection.recv(100), as_uid=NOBODY),
        pytest.raises(WireError, match=f"runs as uid {NOBODY}, not 0"),
    ):
        client.ask(site_at(tmp_path), "queue", [])


@as_root
def test_the_owner_of_a_root_named_by_hand_is_trusted(tmp_path):
    os.chown(tmp_path, NOBODY, -1)
    with serving(tmp_path, reply(("exit", b"0")), as_uid=NOBODY):
        assert client.ask(site_at(tmp_path), "queue", []).exit_code == 0


def test_a_root_with_a_long_path_is_reached(tmp_path):
    root = tmp_path.joinpath("r" * 200)
    root.mkdir()
    with serving(root, reply(("exit", b"0"))):
        assert client.ask(site_at(root), "queue", []).exit_code == 0


def test_a_root_that_is_not_there_is_told_in_a_sentence(tmp_path):
    with pytest.raises(TryLaterError, match="cannot reach the dispatcher of"):
        client.ask(site_at(tmp_path / ("x" * 200)), "queue", [])
