"""scontrol at the user's end of the wire."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from tests.commands.answering import Answering, a_site
from tinysched.commands import ownwords, scontrol
from tinysched.errors import VerbatimError
from tinysched.spool import outbox
from tinysched.spool.private import Private
from tinysched.wire.channel import Message

ME = os.getuid()
TOKEN = "a" * 32


def submitted(root: Path, argv: bytes, number: int = 42) -> Private:
    """A request of one's own, as sbatch leaves it."""
    (root / "users").mkdir(mode=0o1777)
    files = [("argv", argv), ("variables", b""), ("environment", b""), ("cwd", b"/")]
    files += [("umask", b"022"), ("limits", b""), ("command", b"sbatch"), ("slurm_script", b"#!")]
    os.close(outbox.write(str(root), ME, TOKEN, files))
    private = Private.open(str(root), ME)
    private.bind(TOKEN, number)
    return private


def test_words_and_variables_go_over_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("posix").environ, b"SLURM_TIME_FORMAT", b"standard")
    reply = ([("exit", b"7"), ("err", b"wrong\n")], b"out\n")
    with Answering(tmp_path, lambda _message: reply) as dispatcher:
        assert scontrol.main(a_site(tmp_path), ["-o", "show", "job", "b\udce9"]) == 7
    (heard,) = dispatcher.heard
    assert (heard.verb, heard.many("arg")) == ("scontrol", ["-o", "show", "job", "b\udce9"])
    assert "SLURM_TIME_FORMAT=standard" in heard.many("var")
    assert heard.text("root") == str(tmp_path)
    assert capfd.readouterr() == ("out\n", "wrong\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("show job 1", "slurm_load_jobs error: "),
        ("show node", "slurm_load_node error: "),
        ("show partition", "slurm_load_partitions error: "),
        ("show config", "slurm_load_ctl_conf error: "),
        ("hold 1", "slurm_update error: "),
    ],
)
def test_without_a_dispatcher_it_says_so_in_slurms_words(
    words: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinysched.commands.asking.RESTART_S", 0.0)
    with pytest.raises(VerbatimError) as refused:
        scontrol.main(a_site(tmp_path), words.split())
    contact = "Unable to contact slurm controller (connect failure)"
    assert refused.value.text == f"{said}{contact}\n"


def test_a_dispatcher_that_is_gone_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tinysched.commands.asking.RESTART_S", 0.0)
    assert scontrol.main(a_site(tmp_path), ["ping"]) == 1
    first, *rest = capfd.readouterr().out.splitlines()
    assert first.startswith("Slurmctld(primary) at ")
    assert first.endswith(" is DOWN")
    assert rest[1] == "** RESTORE SLURMCTLD DAEMON TO SERVICE **"


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["show", "hostnames", "a[01-03],b5"], "a01\na02\na03\nb5\n"),
        (["show", "hostname"], "n1\nn2\n"),
        (["show", "hostlist", "a01,a02,a03,b5"], "a[01-03],b5\n"),
        (["show", "hostlistsorted", "b5,a03,a01"], "a[01,03],b5\n"),
        (["version"], "slurm-wlm 22.05.8\n"),
        (["oneliner"], ""),
    ],
)
def test_some_things_need_no_dispatcher(
    words: list[str],
    out: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(__import__("posix").environ, b"SLURM_JOB_NODELIST", b"n[1-2]")
    assert scontrol.main(a_site(tmp_path), words) == 0
    assert capfd.readouterr() == (out, "")


@pytest.mark.parametrize("word", ["hostlist", "hostnames", "hostlist=a["])
def test_what_is_no_list_of_hosts_is_a_mistake(word: str, tmp_path: Path) -> None:
    with pytest.raises(VerbatimError):
        scontrol.main(a_site(tmp_path), ["show", word])


def test_help_needs_no_dispatcher(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for words in (["--help"], ["help"]):
        assert scontrol.main(a_site(tmp_path), words) == 0
        out = capfd.readouterr().out
        assert out.startswith("Usage: scontrol [OPTIONS] [COMMAND]\n")
        assert "\nCOMMAND is one of:\n" in out
        assert max(map(len, out.splitlines())) <= 80


def test_without_words_each_line_of_stdin_is_an_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = "oneliner\nshow job 'a b'\n\n!!\nnosuch\n'\nexit\nshow node\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))

    def answer(message: Message) -> tuple[list[tuple[str, bytes]], bytes]:
        is_wrong = "nosuch" in message.many("arg")
        return ([("exit", b"1" if is_wrong else b"0")], b"job\n")

    with Answering(tmp_path, answer) as dispatcher:
        assert scontrol.main(a_site(tmp_path), ["-d"]) == 1
    asked = [message.many("arg") for message in dispatcher.heard]
    show = ["-d", "--oneliner", "show", "job", "a b"]
    assert asked == [show, show, ["-d", "--oneliner", "nosuch"]]
    out = capfd.readouterr().out
    assert out.count("scontrol: ") == 7
    assert out.count("job\n") == 3


def test_a_script_is_written_where_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    reply = ([("exit", b"0"), ("script", b"#!/bin/sh\n")], b"")
    with Answering(tmp_path, lambda _message: reply):
        site = a_site(tmp_path)
        assert scontrol.main(site, ["write", "batch_script", "42"]) == 0
        assert scontrol.main(site, ["write", "batch_script", "42", "-"]) == 0
        with pytest.raises(VerbatimError):
            scontrol.main(site, ["write", "batch_script", "42", "no/where"])
    assert (tmp_path / "slurm-42.sh").read_text() == "#!/bin/sh\n"
    said = "batch script for job 42 written to slurm-42.sh\n"
    assert capfd.readouterr().out == f"{said}#!/bin/sh\n"


def test_it_waits_until_a_job_has_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(
        "tinysched.host.clock.SystemClock.sleep", lambda _clock, pause_s: slept.append(pause_s)
    )
    answers = [[("exit", b"0"), ("again", b"1")]] * 3 + [[("exit", b"0")]]
    with Answering(tmp_path, lambda _message: (answers.pop(0), b"")):
        assert scontrol.main(a_site(tmp_path), ["wait_job", "42"]) == 0
    assert len(slept) == 3


def test_words_of_ones_own_are_written_first_and_then_told(tmp_path: Path) -> None:
    private = submitted(tmp_path, b"job.sh\0")
    own = json.dumps([{"token": TOKEN, "job": 42, "changes": {"name": "new"}}]).encode()

    def answer(message: Message) -> tuple[list[tuple[str, bytes]], bytes]:
        if message.text("written", ""):
            assert private.alterations(TOKEN) == {"name": "new"}
            return ([("exit", b"0")], b"")
        return ([("exit", b"0"), ("own", own)], b"")

    with Answering(tmp_path, answer) as dispatcher:
        assert scontrol.main(a_site(tmp_path), ["update", "JobId=42", "Name=new"]) == 0
    assert len(dispatcher.heard) == 2
    private.close()


def test_nobody_is_led_to_change_another_job(tmp_path: Path) -> None:
    private = submitted(tmp_path, b"job.sh\0", number=7)
    own = json.dumps([{"token": TOKEN, "job": 42, "changes": {"name": "new"}}]).encode()
    with pytest.raises(VerbatimError):
        ownwords.write(a_site(tmp_path), own)
    assert private.alterations(TOKEN) == {}
    private.close()


@pytest.mark.parametrize(("bound", "shown"), [(42, b"job.sh a b\\nc\n"), (7, b"job.sh\n")])
def test_arguments_are_shown_to_who_has_given_them(
    tmp_path: Path, bound: int, shown: bytes, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    submitted(tmp_path, b"-H\0job.sh\0a\0b\nc\0", number=bound).close()
    out = b"job.sh" + ownwords.mark(42) + b"\n"
    reply = ([("exit", b"0"), ("arguments", f"42 2 {TOKEN}".encode())], out)
    with Answering(tmp_path, lambda _message: reply):
        assert scontrol.main(a_site(tmp_path), ["show", "job", "42"]) == 0
    assert capfdbinary.readouterr().out == shown
