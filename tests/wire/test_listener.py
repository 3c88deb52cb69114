"""Sockets with a name: who may call, and what a caller finds there."""

import os
import stat

import pytest

from tests.wire.serving import serving, site_at
from tinysched.errors import TryLaterError, WireError
from tinysched.wire.channel import Listener, call, connected


@pytest.fixture
def folder(tmp_path):
    """A directory whose path is too long for a socket's address."""
    deep = tmp_path.joinpath("a" * 100, "b" * 100, "run")
    deep.mkdir(parents=True)
    return str(deep)


@pytest.fixture(params=[0o000, 0o022, 0o077])
def umask(request):
    previous = os.umask(request.param)
    yield request.param
    os.umask(previous)


def test_a_caller_and_its_listener_know_each_other_by_the_kernel(tmp_path):
    listener = Listener(str(tmp_path), "ctl.sock", 0o600)
    caller = call(f"{tmp_path}/ctl.sock", os.getuid())
    channel = listener.accept()
    for end in (caller, channel):
        assert (end.peer.pid, end.peer.uid) == (os.getpid(), os.getuid())
    channel.send("hello", [("x", b"1")])
    assert [message.text("x") for message in caller.receive()] == ["1"]
    for end in (caller, channel, listener):
        end.close()


def test_a_path_longer_than_an_address_works_on_both_ends(folder):
    assert len(folder) > 200
    listener = Listener(folder, "ctl.sock", 0o600)
    caller = call(f"{folder}/ctl.sock", os.getuid())
    channel = listener.accept()
    for end in (caller, channel, listener):
        end.close()


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_a_socket_has_its_mode_whatever_the_umask(tmp_path, umask, mode):
    listener = Listener(str(tmp_path), "ctl.sock", mode)
    status = os.stat(tmp_path / "ctl.sock")
    assert stat.S_ISSOCK(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == mode
    assert os.listdir(tmp_path) == ["ctl.sock"]
    listener.close()


def test_a_listener_takes_its_name_away(tmp_path):
    Listener(str(tmp_path), "ctl.sock", 0o600).close()
    assert os.listdir(tmp_path) == []


def test_what_a_killed_listener_left_behind_is_replaced(tmp_path):
    Listener(str(tmp_path), "ctl.sock", 0o600).abandon()
    (tmp_path / f".ctl.sock.{os.getpid()}").touch()
    with pytest.raises(ConnectionRefusedError):
        call(f"{tmp_path}/ctl.sock", os.getuid())
    listener = Listener(str(tmp_path), "ctl.sock", 0o600)
    call(f"{tmp_path}/ctl.sock", os.getuid()).close()
    assert os.listdir(tmp_path) == ["ctl.sock"]
    listener.close()


def test_nobody_calling_is_no_caller(tmp_path):
    listener = Listener(str(tmp_path), "ctl.sock", 0o600)
    assert listener.accept() is None
    listener.close()


def test_a_name_that_cannot_be_taken_is_told_in_a_sentence(tmp_path):
    (tmp_path / "ctl.sock").mkdir()
    with pytest.raises(WireError, match=r"cannot listen on .*/ctl\.sock: Is a directory"):
        Listener(str(tmp_path), "ctl.sock", 0o600)


def test_a_listener_of_somebody_else_is_not_trusted(tmp_path):
    listener = Listener(str(tmp_path), "ctl.sock", 0o600)
    with pytest.raises(WireError, match=f"belongs to uid {os.getuid()}"):
        call(f"{tmp_path}/ctl.sock", os.getuid() + 1)
    listener.close()


def test_a_channel_to_the_dispatcher_needs_one_there(tmp_path):
    with pytest.raises(TryLaterError, match="not running"):
        connected(site_at(tmp_path), 0)
    with serving(tmp_path, lambda connection: connection.recv(1)):
        channel = connected(site_at(tmp_path, os.getuid()), 0)
        assert channel.peer.pid == os.getpid()
        channel.close()
