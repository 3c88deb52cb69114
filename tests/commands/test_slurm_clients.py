"""squeue and scancel at the user's end of the wire."""

from __future__ import annotations

import io
import subprocess  # noqa: TID251 - only a fresh interpreter tells what a command loads
import sys
from pathlib import Path

import pytest

from tests.commands.answering import Answering, a_site
from tinysched.commands import insisting, manual, scancel, sinfo, squeue
from tinysched.commands.manuals import SCANCEL, SINFO, SQUEUE
from tinysched.errors import VerbatimError
from tinysched.wire.channel import Message

MANUALS = {"squeue": SQUEUE, "scancel": SCANCEL, "sinfo": SINFO}
CLIENTS = {"squeue": squeue, "scancel": scancel, "sinfo": sinfo}


@pytest.mark.parametrize("name", CLIENTS)
def test_words_and_variables_go_over_as_they_are(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    monkeypatch.setitem(__import__("posix").environ, f"{name.upper()}_USER".encode(), b"b\xe9")
    monkeypatch.setitem(__import__("posix").environ, b"HOME_OF_ALL", b"no")
    reply = ([("exit", b"7"), ("err", b"wrong\n")], b"out\n")
    with Answering(tmp_path, lambda _message: reply) as dispatcher:
        assert CLIENTS[name].main(a_site(tmp_path), ["-u", "bob", ""]) == 7
    (heard,) = dispatcher.heard
    assert (heard.verb, heard.many("arg")) == (name, ["-u", "bob", ""])
    assert f"{name.upper()}_USER=b\udce9" in heard.many("var")
    assert not any(pair.startswith("HOME") for pair in heard.many("var"))
    assert capfd.readouterr() == ("out\n", "wrong\n")


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("word", ["--help", "--usage", "--version", "-V"])
def test_help_needs_no_dispatcher(
    name: str, word: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    assert CLIENTS[name].main(a_site(tmp_path), ["-v", word]) == 0
    out = capfd.readouterr().out
    assert out.startswith("slurm-wlm " if "V" in word.upper()[1:4] else f"Usage: {name} [")


@pytest.mark.parametrize("name", MANUALS)
def test_help_names_every_option_in_eighty_columns(name: str):
    text = manual.help_text(MANUALS[name])
    assert text.startswith(f"Usage: {name} [OPTIONS]")
    assert max(map(len, text.splitlines())) <= 80
    for option in MANUALS[name].options:
        assert f"--{option.name}" in text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("squeue", "slurm_load_jobs error: Unable to contact slurm controller"),
        ("scancel", "scancel: error: Unable to contact slurm controller"),
        ("sinfo", "slurm_load_partitions: Unable to contact slurm controller"),
    ],
)
def test_without_a_dispatcher_it_says_so_in_slurms_words(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tinysched.commands.asking.RESTART_S", 0.0)
    with pytest.raises(VerbatimError) as refused:
        CLIENTS[name].main(a_site(tmp_path), ["1"])
    assert refused.value.text == f"{said} (connect failure)\n"
    assert refused.value.exit_code == 1


def test_a_listing_is_repeated_until_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    slept: list[float] = []
    monkeypatch.setattr("tinysched.host.clock.SystemClock.sleep", lambda _self, s: slept.append(s))
    codes = iter([b"0", b"0", b"1"])
    dispatcher = Answering(tmp_path, lambda _message: ([("exit", next(codes))], b"job\n"))
    with dispatcher:
        assert squeue.main(a_site(tmp_path), ["-hi", "30"]) == 1
    assert (slept, len(dispatcher.heard)) == ([30, 30], 3)
    assert capfd.readouterr().out == "job\n\njob\n\njob\n"


def test_a_wrong_pause_is_left_to_the_dispatcher(tmp_path: Path):
    with Answering(tmp_path, lambda _message: ([("exit", b"1")], b"")) as dispatcher:
        assert squeue.main(a_site(tmp_path), ["-i", "x"]) == 1
    assert len(dispatcher.heard) == 1


QUESTIONS = b"1\tCancel 1? \n2_*\tCancel 2? \n3\tCancel 3? "


@pytest.mark.parametrize(
    ("typed", "chosen", "code"),
    [
        ("y\nn\nyes\n", ["1", "3"], 5),
        ("Y\nwhat\n\ny\nn\n", ["1", "2_*"], 5),
        ("n\nn\nn\n", None, 1),
        ("y\n", ["1"], 5),
        ("", None, 1),
    ],
)
def test_each_job_is_asked_for_and_an_end_of_input_is_a_no(
    typed: str,
    chosen: list[str] | None,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    def answer(message: Message) -> tuple[list[tuple[str, bytes]], bytes]:
        if message.many("chosen"):
            return [("exit", b"5")], b""
        return [("exit", b"1"), ("questions", QUESTIONS)], b""

    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    with Answering(tmp_path, answer) as dispatcher:
        assert scancel.main(a_site(tmp_path), ["-i", "1", "2", "3"]) == code
    later = dispatcher.heard[1:]
    assert [message.many("chosen") for message in later] == ([] if chosen is None else [chosen])
    assert all(message.many("arg") == ["-i", "1", "2", "3"] for message in later)


@pytest.mark.parametrize(("starts_after", "code"), [(3, 0), (None, 228)])
def test_a_signal_for_what_waits_is_tried_until_it_starts(
    starts_after: int | None,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    slept: list[float] = []
    monkeypatch.setattr("tinysched.host.clock.SystemClock.sleep", lambda _self, s: slept.append(s))
    monkeypatch.setattr(insisting, "PATIENCE_S", 10.0)

    def answer(_message: Message) -> tuple[list[tuple[str, bytes]], bytes]:
        if len(slept) == starts_after:
            return [("exit", b"0")], b""
        return [("exit", b"0"), ("again", b"1\n2"), ("late", b"too late\n")], b""

    with Answering(tmp_path, answer) as dispatcher:
        assert scancel.main(a_site(tmp_path), ["-s", "USR1", "1", "2", "3"]) == code
    assert sum(slept) == (starts_after or 10)
    assert all(message.many("chosen") == ["1", "2"] for message in dispatcher.heard[1:])
    assert capfd.readouterr().err == ("too late\n" if code else "")


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("squeue", "'-h', '-o', '%i', '-u', 'bob'"),
        ("scancel", "'-Q', '1_[2-3]'"),
        ("sinfo", "'-N', '-o', '%N'"),
    ],
)
def test_the_ordinary_path_loads_nothing_heavy(name: str, argv: str, tmp_path: Path):
    package = str(Path(squeue.__file__).parent.parent.parent)
    probe = (
        f"import sys; sys.path.append({package!r}); bare = set(sys.modules)\n"
        "from tinysched.site import Site\n"
        f"from tinysched.commands import {name}\n"
        f"{name}.main(Site({str(tmp_path)!r}, {a_site(tmp_path).admin_uid}, '/none'), [{argv}])\n"
        "print(*sorted(set(sys.modules) - bare))"
    )
    with Answering(tmp_path, lambda _message: ([("exit", b"0")], b"")):
        done = subprocess.run(
            [sys.executable, "-IS", "-c", probe], capture_output=True, text=True, check=True
        )
    loaded = {word for word in done.stdout.split() if not word.startswith("tinysched")}
    assert loaded <= {"_socket", "posix", "time", "errno", "fcntl", "__future__"}
    ours = {word for word in done.stdout.split() if "slurm" in word or "report" in word}
    assert ours == set()
