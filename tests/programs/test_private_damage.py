"""Every file of a user's own side, damaged in every way: nothing runs twice, nobody else notices.

REFUSES: that job cannot start, and its reason names the file. STARTS: it starts all the same.
ENDS: its end is told as it was. LOST: that it ended is told, and that nobody knows how.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.programs.test_damage import (
    closed,
    directory,
    empty,
    fifo,
    garbage,
    half,
    link,
    removed,
)
from tests.programs.test_wards import ENDED, RUN, TOKEN, Ground, granted, started
from tests.spool.disks import QuickDisk
from tests.spool.made import request_files, write_older_request
from tinysched.job.model import JobId, RunId
from tinysched.job.runs import Cause
from tinysched.programs.logplaces import make_way
from tinysched.spool import outbox
from tinysched.spool.places import PLACES

REFUSES, STARTS, ENDS, LOST = "refuses", "starts", "ends", "lost"
# To root nothing is closed: who runs these as root leaves that out.
DAMAGES = (removed, empty, garbage, half, directory, fifo, link, closed)[: 8 - (os.geteuid() == 0)]
Cells = dict[Callable[[Path], None], str]


def cells(otherwise: str, **others: str) -> Cells:
    return {damage: others.get(damage.__name__, otherwise) for damage in DAMAGES}


OLDER_REQUEST = {
    # Words of the submitter's: fewer ones are words as well, but torn ones are seen to be torn.
    "argv": cells(REFUSES, empty=STARTS),
    "variables": cells(REFUSES, empty=STARTS),
    "environment": cells(REFUSES, empty=STARTS, half=STARTS),  # cut between two words
    "cwd": cells(REFUSES, empty=STARTS, garbage=STARTS, half=STARTS),
    "umask": cells(REFUSES, half=STARTS),
    "limits": cells(REFUSES, empty=STARTS, garbage=STARTS, half=STARTS),
    "command": cells(REFUSES, empty=STARTS, garbage=STARTS, half=STARTS),
}
REQUEST = {
    "slurm_script": cells(REFUSES, half=STARTS),
    "request": cells(REFUSES),
    "altered": cells(REFUSES, removed=STARTS, empty=STARTS),
    "job": cells(REFUSES, removed=STARTS, empty=STARTS, half=STARTS),
    "attempts": cells(REFUSES, removed=STARTS, empty=STARTS, garbage=STARTS, half=STARTS),
}
RUNS = {
    "grant": cells(ENDS),
    "started": cells(ENDS),
    # Its record is at the beginning of the room that was reserved for it.
    "exit": cells(LOST, half=ENDS),
    ".exit": cells(ENDS),
    ".started": cells(ENDS),
    "worker.lock": cells(ENDS),
    "alive": cells(ENDS),
    "lingering": cells(ENDS),
    "steps": cells(ENDS),
    "amended": cells(ENDS),
}
# What is no record: written anew by whoever needs it, or only for people.
OTHERS = {
    "<any>",
    "job<n>",
    "agent.lock",
    "agent.shell",
    "agent.log",
    ".new.<pid>.<n>",
    "ctl.sock",
    ".listens.<any>",
}


def params(table: dict[str, Cells]) -> list[object]:
    return [
        pytest.param(name, damage, verdict, id=f"{name}-{damage.__name__}")
        for name, row in table.items()
        for damage, verdict in row.items()
    ]


@pytest.fixture
def ground(root):
    ground = Ground(root)
    yield ground
    for run, _ in ground.wards.stages():
        ground.wards._wards[run].close()
    ground.private.close()


def test_no_file_of_a_users_side_is_left_out():
    names = {p.path.rpartition("/")[2] for p in PLACES if p.path.startswith("users/")} - {""}
    assert names == REQUEST.keys() | OLDER_REQUEST.keys() | RUNS.keys() | OTHERS


@pytest.mark.parametrize(("name", "damage", "verdict"), params(REQUEST | OLDER_REQUEST))
def test_a_damaged_request_is_refused_in_words_or_starts(ground, name, damage, verdict):
    files = request_files()
    if name in OLDER_REQUEST:
        write_older_request(Path(ground.private.path, "requests", TOKEN), files)
    else:
        ground.request()
    other = "b" * 32
    os.close(outbox.write(ground.root, ground.uid, other, files, QuickDisk()))
    path = Path(ground.private.path, "requests", TOKEN, name)
    if name == "attempts":
        path.write_text("\n42.1\n41.1\n")
    if name == "job":
        path.write_text("42\n")
    if name == "altered":
        path.write_bytes(b"name=x\0")
    damage(path)
    grant = granted(run=replace(RUN, attempt=2), restarts=1) if name == "attempts" else granted()
    ground.wards.begin(grant)
    if verdict == STARTS:
        assert ground.pad.started == [str(grant.run)]
    else:
        assert ground.pad.started == []
        assert ground.ending.cause is Cause.LAUNCH
        is_content = name == "slurm_script" and damage in (empty, garbage)
        assert ("job.sh" if is_content else path.name) in ground.ending.words
    run = RunId(job=JobId(number=43), attempt=1)
    ground.wards.begin(granted(run=run, token=other))
    assert "43.1" in ground.pad.started


# Where worker, job and end are gone and the mark of its start with them, nothing tells that it ran.
LEAVES_NO_TRACE = ("started", removed, False)


@pytest.mark.parametrize(
    ("is_over", "name", "damage", "verdict"),
    [
        pytest.param(is_over, name, damage, verdict, id=f"{is_over}-{name}-{damage.__name__}")
        for is_over in (True, False)
        for name, row in RUNS.items()
        for damage, verdict in row.items()
        if (name, damage, is_over) != LEAVES_NO_TRACE
    ],
)
def test_a_damaged_run_is_never_started_again_and_its_end_is_told(
    ground, name, damage, verdict, is_over
):
    ground.request()
    run = ground.claim()
    run.write_started(started(boot_id=ground.clock.boot_id()))
    run.reserve_exit()
    if is_over:
        run.write_ending(ENDED)
    path = Path(run.path, name)
    if not path.exists():
        path.write_bytes(b"{}")
    damage(path)
    ground.begin()
    assert str(RUN) in [str(found.run) for found in ground.private.runs()]
    for _ in range(3):
        verbs = ground.tend()
        ground.clock.sleep(60)
    assert ground.pad.started == []
    assert verbs.count("ended") == 1
    if verdict == ENDS and is_over:
        assert ground.ending.exit == ENDED.exit
    else:
        assert ground.ending.exit is None
        assert ground.ending.cause is Cause.LOST
    ground.wards.forget(RUN)
    ground.wards.retiring.now()
    assert len(ground.wards) == 0


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_log_is_written_whatever_lies_in_its_place(tmp_path, damage):
    log = tmp_path / "agent.log"
    log.write_text("a line\nanother\n")
    damage(log)
    said = make_way(str(log))
    assert ("moved to" in said) == (damage in (directory, fifo, closed))
    with log.open("a") as file:
        file.write("a new line\n")
