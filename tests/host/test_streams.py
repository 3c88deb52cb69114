"""Where a job reads and writes."""

import os

import pytest

from tests.host.running import run, shell

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("each_way")]


def test_output_and_errors_go_to_their_files(tmp_path):
    run(shell(tmp_path, "echo out; echo err >&2"))
    assert (tmp_path / "out").read_text() == "out\n"
    assert (tmp_path / "err").read_text() == "err\n"


def test_a_job_reads_nothing_unless_told_otherwise(tmp_path):
    run(shell(tmp_path, "cat; echo end"))
    assert (tmp_path / "out").read_text() == "end\n"


def test_a_job_reads_the_file_it_was_given(tmp_path):
    (tmp_path / "in").write_text("hello")
    run(shell(tmp_path, "cat", stdin=str(tmp_path / "in")))
    assert (tmp_path / "out").read_text() == "hello"


def test_an_old_output_is_replaced(tmp_path):
    (tmp_path / "out").write_text("something older and longer\n")
    run(shell(tmp_path, "echo new"))
    assert (tmp_path / "out").read_text() == "new\n"


def test_an_old_output_is_kept_when_appending(tmp_path):
    (tmp_path / "out").write_text("old\n")
    run(shell(tmp_path, "echo new", append=True))
    assert (tmp_path / "out").read_text() == "old\nnew\n"


@pytest.mark.parametrize("link", [None, "symbolic", "hard"])
def test_output_and_errors_in_one_file_do_not_write_over_each_other(tmp_path, link):
    out, other = tmp_path / "out", tmp_path / "other"
    if link == "symbolic":
        other.symlink_to(out)
    if link == "hard":
        out.touch()
        os.link(out, other)
    job = shell(tmp_path, "echo 1; echo 2 >&2; echo 3", stderr=str(other if link else out))
    run(job)
    assert out.read_text() == "1\n2\n3\n"


def test_descriptors_are_handed_on_even_when_crossed(tmp_path):
    first = os.open(tmp_path / "a", os.O_WRONLY | os.O_CREAT)
    second = os.open(tmp_path / "b", os.O_WRONLY | os.O_CREAT)
    try:
        run(shell(tmp_path, "echo out; echo err >&2", stdout=second, stderr=first))
    finally:
        os.close(first)
        os.close(second)
    assert (tmp_path / "b").read_text() == "out\n"
    assert (tmp_path / "a").read_text() == "err\n"


def test_output_to_a_fifo_with_a_reader_arrives_and_can_block(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        job = shell(tmp_path, "echo hello; cat /proc/self/fdinfo/1 >&2", stdout=str(fifo))
        run(job)
        assert os.read(reader, 100) == b"hello\n"
    finally:
        os.close(reader)
    flags = (tmp_path / "err").read_text().split("flags:")[1].split()[0]
    assert not int(flags, 8) & os.O_NONBLOCK


def test_discarded_output_needs_no_file(tmp_path):
    assert run(shell(tmp_path, "echo x", stdout="/dev/null", stderr="/dev/null")).code == 0
    assert list(tmp_path.iterdir()) == []
