"""Places that others could change are refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from installer import trust
from installer.words import InstallError

ME = frozenset({os.geteuid()})


def test_a_safe_place_is_accepted_before_and_after_it_is_made(place: Path) -> None:
    trust.check("--bin-dir", f"{place}/not/there/yet", ME)
    (place / "bin").mkdir(mode=0o755)
    trust.check("--bin-dir", f"{place}/bin", ME)


@pytest.mark.parametrize("mode", [0o777, 0o757, 0o1777])
def test_a_place_that_everybody_can_write_is_refused(place: Path, mode: int) -> None:
    (place / "bin").mkdir()
    (place / "bin").chmod(mode)
    with pytest.raises(InstallError) as caught:
        trust.check("--bin-dir", f"{place}/bin", ME)
    assert "can be written by everybody" in caught.value.sentence
    assert "chmod go-w" in caught.value.cure


def test_a_place_below_one_that_everybody_can_write_is_refused(place: Path) -> None:
    (place / "open").mkdir()
    (place / "open").chmod(0o777)
    with pytest.raises(InstallError, match=r"open \(mode 0777\) can be written by everybody"):
        trust.check("--prefix", f"{place}/open/lib", ME)


def test_a_link_is_judged_by_where_it_leads(place: Path) -> None:
    (place / "open").mkdir()
    (place / "open").chmod(0o777)
    (place / "link").symlink_to(place / "open")
    with pytest.raises(InstallError, match="can be written by everybody"):
        trust.check("--bin-dir", f"{place}/link/bin", ME)


def needs_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to hand files to others: CI cannot run this without")


def test_a_place_that_a_group_with_others_can_write_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "bin").mkdir()
    (place / "bin").chmod(0o775)
    trust.check("--bin-dir", f"{place}/bin", ME)  # the user's own group
    monkeypatch.setattr(trust, "_is_private", lambda gid, uid: False)
    with pytest.raises(InstallError, match=r"can be written by group \w+"):
        trust.check("--bin-dir", f"{place}/bin", ME)


def test_a_place_of_somebody_else_is_refused(place: Path) -> None:
    needs_root()
    (place / "bin").mkdir()
    os.chown(place / "bin", 65534, -1)
    with pytest.raises(InstallError, match="belongs to nobody"):
        trust.check("--bin-dir", f"{place}/bin", ME)
    trust.check("--bin-dir", f"{place}/bin", frozenset({65534}))


def test_an_access_list_that_lets_others_write_is_refused(place: Path) -> None:
    if shutil.which("setfacl") is None:
        pytest.skip("needs setfacl (package acl)")
    (place / "bin").mkdir(mode=0o755)
    subprocess.run(["setfacl", "-m", "u:65534:rwx", place / "bin"], check=True)
    with pytest.raises(InstallError, match="can be written by nobody"):
        trust.check("--bin-dir", f"{place}/bin", ME)
    trust.check("--bin-dir", f"{place}/bin", ME | {65534})
