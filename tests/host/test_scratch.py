"""What a job finds in TMPDIR."""

from __future__ import annotations

import os

import pytest

from tests.host.running import as_nobody
from tinysched.host.scratch import settle


def test_a_directory_that_can_be_used_is_kept_and_a_missing_one_is_made(tmp_path):
    for path in (tmp_path, tmp_path / "new"):
        variables = {b"TMPDIR": os.fsencode(path)}
        assert settle(variables) == ()
        assert variables == {b"TMPDIR": os.fsencode(path)}
    assert (tmp_path / "new").stat().st_mode & 0o7777 == 0o700


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/no/such", "Unable to create TMPDIR [/no/such]: No such file or directory"),
        ("", "Unable to create TMPDIR []: No such file or directory"),
        ("/etc/passwd", "TMPDIR [/etc/passwd] is not a directory"),
    ],
)
def test_what_is_no_directory_is_replaced_and_complained_of(path, why):
    variables = {b"TMPDIR": path.encode()}
    assert settle(variables) == (why, "Setting TMPDIR to /tmp")
    assert variables == {b"TMPDIR": b"/tmp"}


@pytest.mark.process
def test_a_directory_of_others_is_replaced():
    def try_it() -> None:
        assert settle({b"TMPDIR": b"/usr"})[0] == "TMPDIR [/usr] is not writeable"

    assert as_nobody(try_it).code == 0
