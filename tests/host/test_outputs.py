"""Words of ours in a job's output file, and nowhere else."""

import os

import pytest

from tests.host.running import run, shell
from tinysched.host.outputs import Output

LINE = "tinysched: error: *** ***\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "err"
    path.write_text("before\n")
    return path


def fill(writer):
    while True:
        os.write(writer, b"x" * 4096)


def said(path, *, follow=True):
    output = Output(str(path), follow=follow)
    try:
        return output.add(LINE)
    finally:
        output.close()


def test_a_line_is_added_at_the_end(file):
    assert said(file)
    assert said(file, follow=False)
    assert file.read_text() == f"before\n{LINE}{LINE}"


def test_a_file_that_was_renamed_is_still_the_one(file):
    output = Output(str(file), follow=True)
    file.rename(file.with_name("old"))
    file.write_text("another")
    assert output.add(LINE)
    output.close()
    assert file.read_text() == "another"
    assert file.with_name("old").read_text() == f"before\n{LINE}"


def test_nothing_is_said_through_a_link_that_somebody_may_have_put_there(file):
    link = file.with_name("link")
    link.symlink_to(file)
    assert not said(link, follow=False)
    assert file.read_text() == "before\n"
    assert said(link)


def test_no_file_is_made(tmp_path):
    assert not said(tmp_path / "gone")
    assert not said("")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("has_reader", [False, True])
def test_nobody_waits_for_the_reader_of_a_fifo(tmp_path, has_reader):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    if not has_reader:
        assert not said(fifo)
        return
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert said(fifo)
        assert os.read(reader, 100) == LINE.encode()
        writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        with pytest.raises(BlockingIOError):
            fill(writer)
        assert not said(fifo), "it is full"
        os.close(writer)
    finally:
        os.close(reader)


def test_a_device_takes_whatever_is_said():
    assert said("/dev/null")
    assert not said("/dev/full")


@pytest.mark.process
def test_a_job_does_not_write_over_what_others_add(tmp_path):
    mine = tmp_path / "err"
    mine.write_text("of a former job, and longer than all that is written today\n")
    run(shell(tmp_path, f"echo one >&2; echo ours >>{mine}; echo two >&2"))
    assert mine.read_text() == "one\nours\ntwo\n"
