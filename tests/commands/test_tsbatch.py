"""A submission whose answer is lost is put again, as the same one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.answering import Answer, Answering, a_site
from tinysched.commands import tsbatch
from tinysched.errors import TryLaterError

ACCEPTED: Answer = ([("exit", b"0"), ("id", b"42")], b"42\n")
WORDS = ["--parsable", "--wrap=true"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "users").mkdir()
    return tmp_path


def test_a_dispatcher_that_dies_before_it_answers_is_asked_again_about_the_same_request(
    root: Path, capfd: pytest.CaptureFixture[str]
):
    answers = [None, ACCEPTED]
    with Answering(root, lambda _message: answers.pop(0)) as dispatcher:
        assert tsbatch.main(a_site(root), WORDS) == 0
    first, second = dispatcher.heard
    assert first == second
    assert capfd.readouterr() == ("42\n", "")
    (request,) = root.glob("users/*/requests/*")
    assert first.text("token") == request.name


def test_whoever_may_have_submitted_something_is_told_to_look_before_trying_again(
    root: Path, capfd: pytest.CaptureFixture[str]
):
    with Answering(root, lambda _message: None) as dispatcher, pytest.raises(TryLaterError) as lost:
        tsbatch.main(a_site(root), WORDS)
    assert len(dispatcher.heard) == 2
    assert lost.value.sentence == (
        "cannot tell whether the job was accepted: the dispatcher hung up before it answered"
    )
    assert "tsqueue" in lost.value.cure
    assert capfd.readouterr().out == ""
