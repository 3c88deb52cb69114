"""What the doctor says of the host, and how a report reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import pytest

from tinysched.commands import tsctl
from tinysched.commands.doctor import verdict
from tinysched.commands.doctor.machine import MIB, Machine, judge
from tinysched.commands.doctor.verdict import Grade
from tinysched.host.surroundings import Mount, Room
from tinysched.site import Site

GOLDEN = Path(__file__).parent.parent / "golden" / "help"
DISK = Mount(place="/", kind="ext4", options=("rw",))
PLENTY = Room(path="/q", free_bytes=10_000 * MIB, free_files=10**6)
GOOD = Machine(
    root_mount=DISK,
    rooms=(("root", PLENTY), ("your home", PLENTY)),
    hidden="",
    lacking=(),
    open_files=20_000,
    cgroup="",
)


def bad(machine: Machine) -> list[tuple[str, str]]:
    return [(v.grade.value, v.what) for v in judge(machine) if v.grade is not Grade.OK]


def with_room(what: str, free_mib: int, files: int | None = None) -> Machine:
    room = replace(PLENTY, free_bytes=free_mib * MIB, free_files=files)
    return replace(GOOD, rooms=((what, room),))


def test_of_a_good_host_there_is_nothing_bad_to_say():
    assert bad(GOOD) == []
    assert bad(replace(GOOD, open_files=None, cgroup="/sys/fs/cgroup/x")) == []


@pytest.mark.parametrize(
    ("machine", "grade", "what"),
    [
        (replace(GOOD, root_mount=None), "WARN", "file system"),
        (replace(GOOD, root_mount=replace(DISK, kind="nfs4")), "WARN", "file system"),
        (replace(GOOD, root_mount=replace(DISK, kind="tmpfs")), "WARN", "file system"),
        (with_room("root", 0), "FAIL", "disk of root"),
        (with_room("root", 100), "WARN", "disk of root"),
        (with_room("your home", 0), "FAIL", "disk of your home"),
        (with_room("root", 1000, files=0), "FAIL", "disk of root"),
        (with_room("root", 1000, files=500), "WARN", "disk of root"),
        (replace(GOOD, open_files=256), "WARN", "open files"),
        (replace(GOOD, hidden="hidepid=2"), "WARN", "/proc"),
        (replace(GOOD, lacking=("fs.protected_symlinks",)), "WARN", "protected links"),
    ],
)
def test_each_trouble_is_told_with_a_cure(machine: Machine, grade: str, what: str):
    assert bad(machine) == [(grade, what)]
    assert next(v for v in judge(machine) if v.what == what).cure


def test_a_report_has_a_line_for_each_check_and_the_cure_below():
    verdicts = [verdict.ok("a", "good"), verdict.fail("b", "bad\x1b", "do this\nand that")]
    assert verdict.render(verdicts) == (
        "OK    a: good\nFAIL  b: bad\\x1b\n      do this\n      and that\n"
    )
    told = json.loads(verdict.render_json(verdicts))
    assert told["exit_code"] == 1
    assert told["checks"][0] == {"grade": "OK", "what": "a", "words": "good", "cure": ""}


def test_warnings_alone_are_no_failure():
    assert verdict.exit_code([verdict.warn("a", "so so", "wait")]) == 0


def test_without_a_root_there_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert tsctl.main(Site("/nowhere/at/all", None, "/nowhere"), ["doctor"]) == 1
    assert capsys.readouterr().out.startswith("FAIL  root: cannot look at /nowhere/at/all: No such")


@pytest.mark.parametrize("verb", ["", *tsctl.cli.commands])
def test_the_help_of_tsctl_is_known(verb: str, golden: Callable[[Path, str], None]):
    command: click.Command = tsctl.cli.commands[verb] if verb else tsctl.cli
    name = f"tsctl {verb}".strip()
    context = command.make_context(name, [], resilient_parsing=True, **tsctl.verbs.SETTINGS)
    golden(GOLDEN / f"{name.replace(' ', '_')}.txt", command.get_help(context) + "\n")
