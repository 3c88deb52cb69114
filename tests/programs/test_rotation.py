"""Logs are bounded, closed to strangers, and go on when they are put aside."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tinysched.config import Config
from tinysched.job.model import JobId
from tinysched.programs import events, loglines
from tinysched.programs.dispatch import journal
from tinysched.programs.loglines import OwnLog

LINE_BYTES = 500


@pytest.fixture(autouse=True)
def _keep_what_is_global() -> Iterator[None]:
    """Handlers, umask and stderr belong to the test run."""
    root, umask, stderr = logging.getLogger(), os.umask(0o022), os.dup(2)
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        for handler in set(root.handlers) - set(handlers):
            handler.close()
        root.handlers[:], root.level = handlers, level
        os.umask(umask)
        os.dup2(stderr, 2)
        os.close(stderr)


def tell_much(mib: float) -> None:
    for _ in range(int(mib * 2**20 / LINE_BYTES)):
        journal.LOG.info(events.QUARANTINED, "x " * (LINE_BYTES // 2))


@pytest.mark.parametrize(("privacy", "mode"), [("open", 0o640), ("private", 0o600)])
def test_the_dispatchers_log_is_put_aside_and_begun_anew(tmp_path: Path, privacy: str, mode: int):
    (tmp_path / "logs").mkdir()
    config = Config(log_size_mib=1, log_files=2, privacy=privacy)
    journal.open_log(str(tmp_path), config, FakeClock())
    tell_much(4.5)
    files = sorted((tmp_path / "logs").iterdir())
    assert [path.name for path in files] == [f"dispatcher.log{end}" for end in ("", ".1", ".2")]
    assert all(path.stat().st_size <= 2**20 for path in files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {mode}
    assert all(line.count(" why=") == 1 for line in files[1].read_text().splitlines())


def test_where_no_former_log_is_kept_the_log_is_bounded_too(tmp_path: Path):
    (tmp_path / "logs").mkdir()
    config = Config(log_size_mib=1, log_files=0)
    journal.open_log(str(tmp_path), config, FakeClock())
    tell_much(1.1)
    (path,) = (tmp_path / "logs").iterdir()
    assert 0 < path.stat().st_size <= 2**20


def test_an_agents_log_keeps_stderr_when_it_is_put_aside(tmp_path: Path):
    path = tmp_path / "agent.log"
    os.umask(0o077)
    log = OwnLog(str(path), 2**20)
    logging.getLogger().handlers[:] = [log]
    logging.getLogger().setLevel(logging.INFO)
    tell_much(3.5)
    os.write(2, b"a worker's last words\n")
    assert sorted(os.listdir(tmp_path)) == ["agent.log", "agent.log.1"]
    assert all(found.stat().st_size <= 2**20 + 100 for found in tmp_path.iterdir())
    assert {stat.S_IMODE(found.stat().st_mode) for found in tmp_path.iterdir()} == {0o600}
    assert path.read_text().endswith("a worker's last words\n")


def test_many_lines_of_a_kind_are_told_as_one_after_the_other_would_be(tmp_path):
    names = [JobId(number=number, task=number % 3 or None) for number in range(1, 1200)]
    facts = ('bob "the" builder', 0, "CANCELLED", "cancel", None, 0.0, 0.0, 0)
    texts = []
    for way in ("each", "one"):
        log = OwnLog(str(tmp_path / way), 2**20)
        logging.getLogger().handlers[:] = [log]
        logging.getLogger().setLevel(logging.INFO)
        if way == "each":
            loglines.tell_each(journal.LOG, events.ENDED, names, *facts)
        else:
            for name in names:
                journal.LOG.info(events.ENDED, name, *facts)
        log.close()
        texts.append([line.split(" ", 1)[1] for line in (tmp_path / way).read_text().splitlines()])
    assert texts[0] == texts[1]
    assert len(texts[0]) == len(names)


def test_many_lines_of_a_kind_are_put_aside_as_they_grow(tmp_path):
    log = OwnLog(str(tmp_path / "log"), 2**16)
    logging.getLogger().handlers[:] = [log]
    logging.getLogger().setLevel(logging.INFO)
    loglines.tell_each(journal.LOG, events.HELD, range(10_000), "bob", 1000)
    sizes = [(tmp_path / name).stat().st_size for name in ("log", "log.1")]
    assert max(sizes) <= 2**16
