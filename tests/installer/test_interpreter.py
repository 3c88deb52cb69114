"""Which Python the installed commands run with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from installer import interpreter
from installer.words import InstallError

ME = frozenset({os.geteuid()})


def test_an_interpreter_that_others_cannot_reach_is_replaced(place: Path) -> None:
    home = place / "home"
    home.mkdir(mode=0o700)
    private = home / "python3"
    private.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    private.chmod(0o755)
    assert not interpreter.reachable(str(private))
    found = interpreter.choose(ME, str(private))
    assert found != str(private)
    assert interpreter.reachable(found)


def test_an_interpreter_whose_library_others_cannot_read_is_replaced(place: Path) -> None:
    (place / "library").mkdir(mode=0o700)
    python = stand_in(place, f"*sysconfig*) echo True {place}/library")
    assert interpreter.reachable(str(python))
    assert not interpreter.is_open(str(python))


def test_an_interpreter_that_others_can_replace_is_not_used(place: Path) -> None:
    python = stand_in(place, "nothing) ")
    assert interpreter.choose(ME, str(python)) == str(python)
    place.chmod(0o777)
    assert interpreter.choose(ME, str(python)) != str(python)


def test_a_missing_module_is_told_with_the_package_to_install(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = stand_in(place, "*ensurepip*) exit 1")
    monkeypatch.setattr(interpreter, "CANDIDATES", [])
    with pytest.raises(InstallError) as caught:
        interpreter.choose(ME, str(python))
    assert "it lacks the module venv or ensurepip" in caught.value.sentence
    version = ".".join(map(str, sys.version_info[:2]))
    assert f"apt-get install python{version}-venv" in caught.value.cure


def test_without_any_interpreter_for_all_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interpreter, "CANDIDATES", [])
    with pytest.raises(InstallError) as caught:
        interpreter.choose(ME, "/nowhere/python3")
    assert "other users cannot execute /nowhere/python3" in caught.value.sentence
    assert "apt-get install python3 python3-venv" in caught.value.cure


def stand_in(place: Path, case: str) -> Path:
    """A Python that answers to some programs by itself: a branch of a shell's `case`."""
    path = place / "python3"
    path.write_text(f'#!/bin/sh\ncase "$*" in {case};; *) exec {sys.executable} "$@";; esac\n')
    path.chmod(0o755)
    return path
