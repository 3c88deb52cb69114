from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from tests.commands.answering import Answering, a_site
from tests.wait import until
from tinysched.commands import tscancel, tscontrol, tspurge, tsqueue
from tinysched.errors import TryLaterError

ASKING = [(tsqueue, "queue"), (tscancel, "cancel"), (tscontrol, "control"), (tspurge, "purge")]


@pytest.mark.parametrize(("command", "verb"), ASKING)
def test_a_command_sends_its_words_as_typed_and_prints_the_answer(
    command: ModuleType, verb: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    words = ["-u", "bob", "caf\udce9", ""]
    reply = [("exit", b"3"), ("err", "wörds\n".encode())]
    with Answering(tmp_path, lambda _message: (reply, b"out\n")) as dispatcher:
        assert command.main(a_site(tmp_path), words) == 3
    (heard,) = dispatcher.heard
    assert (heard.verb, heard.text("command")) == (verb, command.NAME)
    assert heard.many("arg") == words
    assert heard.raw("arg") == b""
    assert capfd.readouterr() == ("out\n", "wörds\n")


def test_a_long_answer_arrives_whole(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]):
    listing = b"0123456789abcdef" * 400_000
    with Answering(tmp_path, lambda _message: ([("exit", b"0")], listing)):
        assert tsqueue.main(a_site(tmp_path), []) == 0
    assert capfdbinary.readouterr().out == listing


@pytest.mark.parametrize("command", [tsqueue, tscancel, tscontrol, tspurge])
def test_help_needs_no_dispatcher(
    command: ModuleType, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    assert command.main(a_site(tmp_path), ["--help"]) == 0
    assert capfd.readouterr().out.startswith(f"Usage: {command.NAME} ")


@pytest.mark.parametrize("command", [tscancel, tscontrol, tspurge])
def test_an_order_without_a_dispatcher_says_how_to_get_one(
    command: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tinysched.commands.asking.RESTART_S", 0.0)
    with pytest.raises(TryLaterError) as refused:
        command.main(a_site(tmp_path), ["hold", "42"])
    assert refused.value.exit_code == 75
    assert "tsdaemon start" in refused.value.cure


@pytest.mark.process
@pytest.mark.parametrize("command", [tsqueue, tscancel])
def test_a_missing_agent_is_started(command: ModuleType, tmp_path: Path):
    program = tmp_path / "bin" / "tinysched"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\ncd "$TJS_ROOT"\necho "$1 $TJS_ROOT" >draft\nmv draft done\n')
    program.chmod(0o755)
    reply = [("exit", b"0"), ("agent_missing", b"1")]
    with Answering(tmp_path, lambda _message: (reply, b"")):
        assert command.main(a_site(tmp_path), ["42"]) == 0
    done = tmp_path / "done"
    until(done.exists, says="the agent was started")
    assert done.read_text() == f"agent {tmp_path}\n"


def test_an_agent_that_cannot_be_started_does_not_spoil_the_answer(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    reply = [("exit", b"0"), ("agent_missing", b"1")]
    with Answering(tmp_path, lambda _message: (reply, b"out\n")):
        assert tsqueue.main(a_site(tmp_path), []) == 0
    out, err = capfd.readouterr()
    assert out == "out\n"
    assert err.startswith("tsqueue: error: cannot start your agent: ")
