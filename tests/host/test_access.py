from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from installer import trust
from installer.words import InstallError
from tinysched.host import access

ME = frozenset({os.geteuid()})
NOBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory whose every parent is safe."""
    made = Path(tempfile.mkdtemp(prefix="tinysched-test-"))
    made.chmod(0o755)
    (made / "bin").mkdir(mode=0o755)
    yield made
    shutil.rmtree(made)


def needs_setfacl() -> None:
    if shutil.which("setfacl") is None:
        pytest.skip("needs setfacl (package acl)")


def give(place: Path, *words: str) -> None:
    needs_setfacl()
    subprocess.run(["setfacl", *words, place], check=True)


def installer_says_safe(path: Path, trusted: frozenset[int]) -> bool:
    try:
        trust.check("--bin-dir", str(path), trusted)
    except InstallError:
        return False
    return True


def we_say_safe(path: Path, trusted: frozenset[int]) -> bool:
    return all(
        spot.uid in trusted | {0}
        and (not spot.writers or (spot.is_sticky and spot.path != str(path)))
        for spot in access.chain(str(path), trusted)
    )


@pytest.mark.parametrize("mode", [0o755, 0o775, 0o757, 0o777, 0o1777, 0o700])
@pytest.mark.parametrize("where", ["", "bin"])
def test_doctor_and_installer_judge_a_mode_alike(mode: int, where: str, place: Path):
    (place / where).chmod(mode)
    assert we_say_safe(place / "bin", ME) == installer_says_safe(place / "bin", ME)


@pytest.mark.parametrize("words", ["u:65534:rwx", "u:65534:r-x", "g:65534:rwx", "g:65534:---"])
@pytest.mark.parametrize("trusted", [ME, ME | {NOBODY}])
def test_doctor_and_installer_judge_an_access_list_alike(
    words: str, trusted: frozenset[int], place: Path
):
    give(place / "bin", "-m", words)
    assert we_say_safe(place / "bin", trusted) == installer_says_safe(place / "bin", trusted)


def test_what_lies_below_is_looked_at_but_for_links(place: Path):
    (place / "bin" / "open").touch()
    (place / "bin" / "open").chmod(0o666)
    (place / "bin" / "link").symlink_to("open")
    spots = {spot.path: spot.writers for spot in access.below(str(place), ME)}
    assert spots == {f"{place}/bin": "", f"{place}/bin/open": "everybody"}


def test_an_access_list_is_read_with_its_names(place: Path):
    assert access.access_list(str(place / "bin")) is None
    give(place / "bin", "-m", "u:daemon:r-x,g:nogroup:rwx")
    found = access.access_list(str(place / "bin"))
    assert found is not None
    assert found.entries == ("user daemon: r-x", "group nogroup: rwx")
    assert found.writers == ("group nogroup: rwx",)
    assert not found.is_default


def test_a_default_access_list_is_known(place: Path):
    give(place / "bin", "-d", "-m", "g::r-x")
    found = access.access_list(str(place / "bin"))
    assert found is not None
    assert found.is_default
