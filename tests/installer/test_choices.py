"""What install.py makes of its command line before it touches anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from installer import choices
from installer.words import InstallError
from tests.installer.asking import chosen, given


def test_programs_go_beside_the_bin_directory_and_the_lock_into_the_root(place: Path) -> None:
    made = chosen(place)
    assert made.prefix == f"{place}/lib/tinysched"
    assert made.lock_dir == ""
    assert (made.admin_uid, made.gid) == (os.geteuid(), made.gid)


def test_a_later_run_takes_what_is_not_given_as_it_was(place: Path) -> None:
    first = chosen(place, f"--lock-dir={place}/lock", "--slurm-names", "--cpu-limit=0.5")
    os.makedirs(first.prefix)
    Path(first.record).write_text(first.as_json())
    later = choices.read(given(f"--bin-dir={place}/bin"))
    assert (later.root, later.lock_dir) == (first.root, first.lock_dir)
    assert later.slurm_names
    assert not later.secure_acl
    assert later.cpu_limit is None


def test_programs_that_serve_another_bin_directory_are_not_taken_over(place: Path) -> None:
    first = chosen(place)
    os.makedirs(first.prefix)
    Path(first.record).write_text(first.as_json())
    with pytest.raises(InstallError, match=r"it serves .*/bin already"):
        choices.read(given(f"--bin-dir={place}/other", f"--prefix={first.prefix}"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--admin-user=no-such-user"], "cannot make no-such-user the admin: there is no such"),
        (["--research-group=no-such-group"], "cannot use the group no-such-group"),
        (["--wheelhouse=/no/such/directory"], "cannot use --wheelhouse=/no/such/directory"),
        (["--lock-dir=/a'b"], "quotes, backslashes"),
        (["--bin-dir=/a:b"], "PATH cannot hold a name with ':'"),
        (["--sched-root=/a\nb"], "control characters"),
    ],
)
def test_what_the_machine_does_not_know_is_refused(
    place: Path, arguments: list[str], words: str
) -> None:
    with pytest.raises(InstallError) as caught:
        chosen(place, *arguments)
    assert words in caught.value.sentence
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("value", ["0", "-1", "1.01", "nan", "inf", "half", ""])
def test_a_part_of_the_cores_is_above_0_and_up_to_1(
    value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        given(f"--cpu-limit={value}")
    assert caught.value.code == 2
    assert "expected a number above 0, up to 1" in capsys.readouterr().err
