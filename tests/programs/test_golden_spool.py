"""A spool that any release has left is gone on with: everything in it is as its users saw it.

tests/e2e/test_recorded.py writes the records, and what `tsqueue --json` showed of them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.programs.queue import ADMIN, Queue
from tinysched.programs.assignment import Registry
from tinysched.site import Site
from tinysched.spool.private import Private

SPOOLS = Path(__file__).parents[1] / "golden" / "spool"
RELEASES = sorted(path.name for path in SPOOLS.iterdir())
OWNER = 1002
# What depends on the moment, or on who runs the tests, and not on the record.
CHANGING = {"elapsed_s", "reason", "reason_words", "user", "output", "error", "eligible_at"}


def as_it_was(_path: Path) -> None:
    """The files of the release."""


def of_a_later_release(path: Path) -> None:
    """With fields of which this release has never heard."""
    if path.suffix != ".meta" and path.name not in ("grant", "started", "exit"):
        return
    found = json.loads(path.read_bytes())
    found["tomorrow"] = {"sun": True}
    for value in list(found.values()):
        if isinstance(value, dict):
            value["tomorrow"] = [1]
    path.write_text(json.dumps(found))


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[as_it_was, of_a_later_release])
def root(request: pytest.FixtureRequest, release: str, tmp_path: Path) -> str:
    """A copy of the spool, as its admin and its only user would have it: both are the tests."""
    change: Callable[[Path], None] = request.param
    copy = tmp_path / "root"
    shutil.copytree(SPOOLS / release, copy)
    (copy / "tsqueue.json").unlink()
    (copy / "users" / f"u{OWNER}").rename(copy / "users" / f"u{os.getuid()}")
    boot_id = json.loads(next(copy.rglob("started")).read_bytes())["boot_id"].encode()
    for path in (path for path in copy.rglob("*") if path.is_file()):
        # The host was not restarted in between.
        path.write_bytes(path.read_bytes().replace(boot_id, FakeClock().boot_id().encode()))
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o700 if path.is_dir() or path.name == "slurm_script" else 0o600)
        if path.is_file():
            change(path)
    return str(copy)


def seen(release: str) -> dict[str, dict[str, object]]:
    """What the release showed, by the names of jobs and tasks."""
    shown = json.loads((SPOOLS / release / "tsqueue.json").read_bytes())
    return {line["id"]: line for line in shown["jobs"]}


def test_every_job_is_as_it_was(root: str, release: str) -> None:
    queue = Queue(root)
    try:
        answer = queue.ask(ADMIN, "queue", "--json", "--all", "-r")
        assert answer.exit_code == 0, answer.err
        now = {line["id"]: line for line in json.loads(answer.out)["jobs"]}
        then = seen(release)
        assert now.keys() == then.keys()
        for name, line in then.items():
            for field in line.keys() - CHANGING:
                assert now[name][field] == line[field], (name, field)
        assert len({line["state"] for line in then.values()}) >= 6
        assert queue.ask(ADMIN, "status").out.count(b"quarantined") == 0
        number = int(Path(SPOOLS, release, "state", "last_job_id").read_text())
        assert queue.dispatcher.ledger.new_id() > max(line["job"] for line in then.values())
        assert number >= max(line["job"] for line in then.values())
    finally:
        queue.close()


def test_what_is_unknown_stays_in_the_records(root: str) -> None:
    unknown = "tomorrow" in (Path(root) / "queue" / "pending" / "job_10.meta").read_text()
    queue = Queue(root)
    try:
        assert queue.ask(ADMIN, "control", "hold", "11").exit_code == 0
        assert queue.ask(ADMIN, "control", "release", "11").exit_code == 0
        kept = (Path(root) / "queue" / "pending" / "job_11.meta").read_text()
        assert ("tomorrow" in kept) is unknown
    finally:
        queue.close()


def test_an_agent_finds_its_requests_and_its_runs(root: str) -> None:
    private = Private.open(root, os.getuid())
    tokens, runs = private.tokens(), private.runs()
    registry = Registry(Site(root, None, "/nowhere"), private)
    assert len(tokens) > 10
    assert runs
    for token in tokens:
        stored = private.request(token)
        assert stored.environment[b"LANG"] == b"C.UTF-8"
        assert registry._parse(stored).request.submit_dir == stored.cwd
        assert private.script(token).startswith(b"#!/bin/")
        private.attempts(token)
    for run in runs:
        grant, started = run.grant(), run.started()
        assert grant is not None
        assert started is not None
        assert registry.assign(grant).request.submit_dir
        run.close()
    private.close()
