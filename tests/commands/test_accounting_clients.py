"""sacct and sstat at the user's end of the wire."""

from __future__ import annotations

import os
import subprocess  # noqa: TID251 - only a fresh interpreter tells what a command loads
import sys
from pathlib import Path

import pytest

from tests.commands.answering import Answering, a_site
from tinysched.commands import manual, sacct, sstat
from tinysched.commands.manuals import SACCT, SSTAT
from tinysched.errors import VerbatimError, WireError
from tinysched.report.slurm.sstat import Live, pack
from tinysched.wire.channel import Message

CLIENTS = {"sacct": sacct, "sstat": sstat}
MANUALS = {"sacct": SACCT, "sstat": SSTAT}


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("word", ["--help", "-h", "--usage", "--version", "-V"])
def test_help_needs_no_dispatcher(
    name: str, word: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    assert CLIENTS[name].main(a_site(tmp_path), ["-v", word]) == 0
    out = capfd.readouterr().out
    assert out.startswith("slurm-wlm " if word in ("-V", "--version") else f"Usage: {name} [")


@pytest.mark.parametrize("name", MANUALS)
def test_help_names_every_option_in_eighty_columns(name: str):
    text = manual.help_text(MANUALS[name])
    assert max(map(len, text.splitlines())) <= 80
    for option in MANUALS[name].options:
        assert f"--{option.name}" in text


@pytest.mark.parametrize("name", CLIENTS)
def test_without_a_dispatcher_it_says_so(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tinysched.commands.asking.RESTART_S", 0.0)
    with pytest.raises(VerbatimError) as refused:
        CLIENTS[name].main(a_site(tmp_path), ["-nj1"])
    assert refused.value.text == (
        f"{name}: error: Unable to contact slurm controller (connect failure)\n"
    )


def test_mistakes_are_the_dispatchers_to_tell(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    reply = ([("exit", b"1"), ("err", b"no\n")], b"")
    with Answering(tmp_path, lambda _message: reply) as dispatcher:
        assert sacct.main(a_site(tmp_path), ["--nosuch", "-hz"]) == 1
    assert dispatcher.heard[0].many("arg") == ["--nosuch", "-hz"]
    assert capfd.readouterr() == ("", "no\n")


def test_a_long_answer_is_asked_for_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sacct, "AT_ONCE", 2)
    answers = iter([(b"1-3,7,9,12-20", b"a"), (b"7", b"b"), (b"", b"c"), (b"", b"d")])

    def answer(_message: Message) -> tuple[list[tuple[str, bytes]], bytes]:
        rest, out = next(answers)
        return [("exit", b"0"), ("found", b"1"), *([("rest", rest)] if rest else [])], out

    with Answering(tmp_path, answer) as dispatcher:
        assert sacct.main(a_site(tmp_path), ["-a"]) == 0
    asked = [(said.text("rest", ""), said.text("more", "")) for said in dispatcher.heard]
    assert asked == [("", ""), ("1-3,7", "1"), ("7,9", "1"), ("12-20", "0")]
    assert {said.text("found", "-") for said in dispatcher.heard[1:]} == {"1"}
    assert capfd.readouterr().out == "abcd"


def test_the_ordinary_path_of_sacct_loads_nothing_heavy(tmp_path: Path):
    package = str(Path(sacct.__file__).parent.parent.parent)
    probe = (
        f"import sys; sys.path.append({package!r}); bare = set(sys.modules)\n"
        "from tinysched.site import Site\n"
        "from tinysched.commands import sacct\n"
        f"site = Site({str(tmp_path)!r}, {a_site(tmp_path).admin_uid}, '/none')\n"
        "sacct.main(site, ['-X', '--noheader', '-Pj', '42', '-o', 'state'])\n"
        "print(*sorted(set(sys.modules) - bare))"
    )
    with Answering(tmp_path, lambda _message: ([("exit", b"0")], b"")):
        done = subprocess.run(
            [sys.executable, "-IS", "-c", probe], capture_output=True, text=True, check=True
        )
    loaded = {word for word in done.stdout.split() if not word.startswith("tinysched")}
    assert not loaded & {"re", "json", "enum", "dataclasses", "typing", "os", "socket"}


# sstat


def look(tmp_path: Path, argv: list[str], *found: Live | str) -> int:
    reply = ([("exit", b"0"), ("steps", pack(found))], b"")
    with Answering(tmp_path, lambda _message: reply):
        return sstat.main(a_site(tmp_path), argv)


def test_figures_are_those_of_the_processes_that_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    me = os.getpid()
    live = Live(job=42, step="0", tasks=2, pids=(me, 2**22 + 1))
    assert look(tmp_path, ["-aPn", "-o", "jobid,ntasks,pids,maxrss,averss", "42"], live) == 0
    name, tasks, pids, largest, average = capfd.readouterr().out.rstrip().split("|")
    assert (name, tasks) == ("42.0", "2")
    assert str(me) in pids.split(",")
    assert largest != average, "one of two is gone"


def test_a_scripts_own_processes_are_looked_at_where_its_worker_was_killed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    live = Live(job=42, step="batch", tasks=1, pids=(os.getpid(),), spared=(1,))
    assert look(tmp_path, ["-iPn", "42.batch"], live) == 0
    assert capfd.readouterr().out.split("|")[2].split(",")[0].strip() == str(os.getpid())


def test_what_cannot_be_told_is_told_below(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    assert look(tmp_path, ["-o", "jobid%5,maxrss", "7"], "No steps running for job 7") == 0
    assert capfd.readouterr() == (
        "JobID     MaxRSS \n----- ---------- \n",
        "sstat: error: No steps running for job 7\n",
    )


def test_fields_are_checked_before_anybody_is_asked(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    assert sstat.main(a_site(tmp_path), ["-j1", "-o", "nosuch"]) == 1
    assert capfd.readouterr().err == 'sstat: error: Invalid field requested: "nosuch"\n'
    assert sstat.main(a_site(tmp_path), ["-e"]) == 0
    assert capfd.readouterr().out.startswith("AveCPU              AveCPUFreq")
    with pytest.raises(VerbatimError, match="Bad job/step specified: abc"):
        sstat.main(a_site(tmp_path), ["-j", "abc"])


def test_an_answer_that_makes_no_sense_is_refused(tmp_path: Path):
    reply = ([("exit", b"0"), ("steps", b"x\ty")], b"")
    with Answering(tmp_path, lambda _message: reply), pytest.raises(WireError):
        sstat.main(a_site(tmp_path), ["-j1"])
