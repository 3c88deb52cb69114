"""What the cheap way to start a program leaves as it is, and what it cannot start."""

import os

import pytest

from tests.host.running import ended
from tinysched.host import processes
from tinysched.host.spawning import spawn

pytestmark = pytest.mark.process


def test_descriptors_become_others_in_turn(tmp_path):
    out = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    try:
        words = [b"sh", b"-c", b"echo $A; echo again >&7"]
        assert ended(spawn(b"/bin/sh", words, {b"A": b"x y"}, [(out, 1), (1, 7)])).code == 0
    finally:
        os.close(out)
    assert (tmp_path / "out").read_text() == "x y\nagain\n"


def test_what_cannot_be_started_leaves_no_child():
    with pytest.raises(FileNotFoundError):
        spawn(b"/no/such", [b"x"], {}, [])
    with pytest.raises(OSError, match="Bad file descriptor"):
        spawn(b"/bin/true", [b"true"], {}, [(10**6, 1)])
    with pytest.raises(ValueError, match="null byte"):
        spawn(b"/bin/true", [b"true", b"a\0b"], {}, [])
    with pytest.raises(ValueError, match="null byte"):
        spawn(b"/bin/true", [b"true"], {b"A": b"\0"}, [])
    assert not processes.has_children()
