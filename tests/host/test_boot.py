from __future__ import annotations

from pathlib import Path

import pytest

from tinysched.host import boot

NAMES = ("tsdaemon",)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of somebody with a crontab of their own."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    return tmp_path


def crontab(home: Path, *lines: str) -> None:
    program = home / "bin" / "crontab"
    text = "".join(f"echo '{line}'\n" for line in lines)
    program.write_text(f"#!/bin/sh\n{text or 'echo no crontab for me >&2; exit 1'}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("@reboot /shared/bin/tsdaemon start --supervised", ["your crontab"]),
        ("# @reboot /shared/bin/tsdaemon start", []),
        ("5 4 * * * /shared/bin/tsdaemon reload", []),
        ("@reboot /usr/bin/true", []),
    ],
)
def test_a_line_of_the_crontab_counts_if_it_is_for_the_boot(
    line: str, found: list[str], home: Path
):
    crontab(home, "MAILTO=x", line)
    assert boot.starters(NAMES) == found


def test_without_a_crontab_nobody_starts_it(home: Path):
    crontab(home)
    assert boot.starters(NAMES) == []


def test_a_unit_counts_once_it_is_enabled(home: Path):
    crontab(home)
    units = home / ".config" / "systemd" / "user"
    (units / "default.target.wants").mkdir(parents=True)
    unit = units / "tiny.service"
    unit.write_text("[Service]\n# nothing\nExecStart=/shared/bin/tsdaemon run\n")
    assert boot.starters(NAMES) == []
    link = units / "default.target.wants" / "tiny.service"
    link.symlink_to(unit)
    assert boot.starters(NAMES) == [str(link)]
