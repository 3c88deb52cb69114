from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.commands.answering import Answering, a_site
from tests.fakes import FakeClock
from tinysched.commands import tsout
from tinysched.commands.following import Follower
from tinysched.report.tsout import OutFile, pack


def a_file(path: Path, kind: str = "OUT", job: str = "42", growing: bool = False) -> OutFile:
    return OutFile(job=job, kind=kind, path=str(path), growing=growing)


def run(root: Path, files: Sequence[OutFile], *argv: str) -> int:
    with Answering(root, lambda _message: ([("exit", b"0"), ("files", pack(files))], b"")):
        return tsout.main(a_site(root), [*argv])


def test_files_are_looked_up_with_the_callers_own_rights(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    there = tmp_path / "there.out"
    there.write_text("hello\n")
    files = [a_file(there), a_file(tmp_path / "not.err", "ERR")]
    assert run(tmp_path, files, "42") == 0
    rows = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert rows == [
        ["JOBID[_TASK]", "TYPE", "PATH", "EXISTS", "SIZE_BYTES"],
        ["42", "OUT", str(there), "YES", "6"],
        ["42", "ERR", str(tmp_path / "not.err"), "NO", "0"],
    ]


def test_an_unknown_job_is_refused_in_the_dispatchers_words(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    reply = [("exit", b"1"), ("err", b"tsout: error: cannot find job 7\n")]
    with Answering(tmp_path, lambda _message: (reply, b"")):
        assert tsout.main(a_site(tmp_path), ["7"]) == 1
    assert capfd.readouterr() == ("", "tsout: error: cannot find job 7\n")


def test_what_a_job_wrote_is_printed_stream_by_stream(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
):
    out, err = tmp_path / "x.out", tmp_path / "x.err"
    out.write_bytes(b"\xff\0out" * 500_000)
    err.write_bytes(b"err")
    assert run(tmp_path, [a_file(out, growing=True), a_file(err, "ERR")], "--cat", "42") == 0
    assert capfdbinary.readouterr() == (b"\xff\0out" * 500_000, b"err")


def test_files_of_several_jobs_are_told_apart_by_titles(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    one, two = tmp_path / "1.out", tmp_path / "2\n.out"
    one.write_text("one\n")
    two.write_text("two\n")
    assert run(tmp_path, [a_file(one), a_file(two, job="43")], "--cat", "42", "43") == 0
    assert capfd.readouterr().out == (f"==> {one} <==\none\n\n==> {tmp_path}/2\\n.out <==\ntwo\n")


def test_a_file_that_takes_both_streams_is_printed_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    both = tmp_path / "both"
    both.write_text("x\n")
    assert run(tmp_path, [a_file(both), a_file(both, "ERR")], "--cat", "42") == 0
    assert capfd.readouterr() == ("x\n", "")


def test_what_cannot_be_read_is_named_and_the_rest_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    pipe, there = tmp_path / "pipe", tmp_path / "there"
    os.mkfifo(pipe)
    there.write_text("x\n")
    files = [a_file(pipe), a_file(tmp_path / "gone", "ERR"), a_file(there, "ERR", job="43")]
    assert run(tmp_path, files, "--cat", "42") == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert f"tsout: error: cannot read {pipe}: not a regular file\n" in err
    assert f"tsout: error: cannot read {tmp_path}/gone: No such file or directory\n" in err
    assert "x\n" in err


def test_discarded_output_is_nothing_to_complain_about(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    assert run(tmp_path, [a_file(Path("/dev/null"))], "--cat", "42") == 0
    assert capfd.readouterr() == ("", "")


def followed(
    steps: Sequence[Callable[[], object]], files: Callable[[bool], Sequence[OutFile]]
) -> list[str]:
    """Follows files while the steps happen, one before each look at the queue."""
    coming = list(steps)

    def look() -> Sequence[OutFile]:
        coming.pop(0)()
        return files(bool(coming))

    return Follower(look, FakeClock()).run(files(True))


def test_output_is_followed_from_before_its_file_exists_to_after_the_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    out = tmp_path / "x.out"

    def add(text: str) -> Callable[[], object]:
        def step() -> None:
            with out.open("a") as file:
                file.write(text)

        return step

    unread = followed(
        [add("one\n"), add("tw"), add("o\nlast")], lambda grows: [a_file(out, growing=grows)]
    )
    assert unread == []
    assert capfd.readouterr().out == "one\ntwo\nlast"


def test_a_file_begun_anew_is_followed_from_its_beginning(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    out = tmp_path / "x.out"
    out.write_text("first attempt\n")
    followed([lambda: out.write_text("second\n")], lambda grows: [a_file(out, growing=grows)])
    assert capfd.readouterr().out == "first attempt\nsecond\n"


def test_a_task_is_followed_under_the_name_it_gets_at_its_start(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    (tmp_path / "43.out").write_text("started\n")
    names = iter(["%j.out", "43.out"])
    followed([lambda: None], lambda grows: [a_file(tmp_path / next(names), growing=grows)])
    assert capfd.readouterr().out == "started\n"


def test_a_job_that_ends_without_a_file_is_named(tmp_path: Path):
    gone = tmp_path / "gone"
    unread = followed([lambda: None], lambda grows: [a_file(gone, growing=grows)])
    assert unread == [f"cannot read {gone}: No such file or directory"]
