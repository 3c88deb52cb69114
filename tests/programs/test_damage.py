"""Every file of the queue, damaged in every way: what an admin may expect of the next start.

SAYS: the dispatcher starts, serves, and its status names the file. STARTS: it starts, and there is
nothing to tell, since nothing was lost. REFUSES: it does not start, and its sentence names the file
and the cure. The private side of a user is damaged in test_private_damage.py.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.programs.queue import BOB, FakeAgent, Queue
from tinysched.config import load
from tinysched.errors import TinyschedError
from tinysched.programs.dispatch import journal
from tinysched.spool.places import PLACES

SAYS, STARTS, REFUSES = "says", "starts", "refuses"
ALICE = 1001


def removed(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff\0garbage: [\n" * 9)


def half(path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) // 2])


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("x")


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/null")


def closed(path: Path) -> None:
    path.chmod(0)


DAMAGES = (removed, empty, garbage, half, directory, fifo, link, closed)
Damage = Callable[[Path], None]
Cells = dict[Damage, str]


def cells(otherwise: str, **others: str) -> Cells:
    return {damage: others.get(damage.__name__, otherwise) for damage in DAMAGES}


RECORD = cells(SAYS)
# Where a job's script is, and the state it is in, no other file has to say.
SCRIPT = cells(STARTS)
# To make up settings, or to guess who wrote the queue, would be worse than to wait for the admin.
EXPECTED: dict[str, Cells] = {
    "config.yaml": cells(REFUSES, removed=STARTS, empty=STARTS),
    "state/last_job_id": cells(SAYS, half=STARTS),
    "state/format": cells(REFUSES, removed=STARTS, half=STARTS),
    "state/journal.<n>": cells(SAYS, removed=STARTS, empty=STARTS, half=STARTS, closed=REFUSES),
    "state/closed": cells(SAYS, removed=STARTS),
    "state/ended.log": cells(STARTS, directory=SAYS, fifo=SAYS, link=SAYS, closed=SAYS),
    "queue/pending/job_<id>.meta": cells(SAYS, removed=STARTS),
    "queue/running/job_<id>.meta": RECORD,
    "queue/completed/job_<id>.meta": cells(SAYS, removed=STARTS),
    "queue/failed/job_<id>.meta": cells(SAYS, removed=STARTS),
    "queue/running/job_<id>_<task>.meta": cells(SAYS, removed=STARTS),
    "queue/completed/job_<id>_<task>.meta": cells(SAYS, removed=STARTS),
    "queue/failed/job_<id>_<task>.meta": cells(SAYS, removed=STARTS),
    "queue/pending/job_<id>_<task>.meta": cells(SAYS, removed=STARTS),
    "queue/pending/job_<id>.script": SCRIPT,
    "queue/running/job_<id>.script": SCRIPT,
    "queue/completed/job_<id>.script": SCRIPT,
    "queue/failed/job_<id>.script": SCRIPT,
    "queue/quarantine/<any>.<n>": SCRIPT,
    "queue/legacy/RESUBMIT": SCRIPT,
    "queue/legacy/<any>": SCRIPT,
    "logs/<any>": SCRIPT,
    "lock/global.lock": cells(REFUSES, removed=STARTS, empty=STARTS, garbage=STARTS, half=STARTS),
    "tmp/.new.<pid>.<n>": SCRIPT,
    # Second names of records, for a backup: each start empties tmp/.
    "tmp/frozen.<any>/<any>": {},
    # What has no fixed form: a socket, which each start makes, and files of supervisord.
    "run/ctl.sock": {},
    "run/<any>": {},
    # The mark of a purge that was cut short: what is left of the job goes, whatever it says.
    "queue/completed/job_<id>.gone": {},
    "queue/failed/job_<id>.gone": {},
}
NAMES = {
    "<id>_<task>": {"pending": "5_3", "running": "5_1", "completed": "5_0", "failed": "5_2"},
    "<id>": {"pending": "2", "running": "1", "completed": "3", "failed": "4"},
}
CASES = [
    pytest.param(place, damage, verdict, id=f"{place}-{damage.__name__}")
    for place, row in EXPECTED.items()
    for damage, verdict in row.items()
]


def test_no_file_of_the_queue_is_left_out():
    ours = {place.path for place in PLACES if not place.path.endswith("/")}
    assert {path for path in ours if not path.startswith("users/")} == EXPECTED.keys()


def path_of(place: str) -> str:
    folder = place.split("/")[1] if "/" in place else ""
    for pattern, names in NAMES.items():
        place = place.replace(pattern, names.get(folder, ""))
    if place.startswith("logs/"):
        return "logs/dispatcher.log"
    place = place.replace("journal.<n>", "journal.0")
    return place.replace("<any>.<n>", "job_77.meta.1").replace("<any>", "job_70.meta")


@pytest.fixture(scope="module")
def grounds() -> Iterator[Path]:
    """A place that an ordinary user can enter: to root no file is closed."""
    place = Path(tempfile.mkdtemp(prefix="ts-damage-"))
    place.chmod(0o755)
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(place, ALICE, ALICE)
        os.setegid(ALICE)
        os.seteuid(ALICE)
    try:
        yield place
    finally:
        if is_root:
            os.seteuid(0)
            os.setegid(0)
        shutil.rmtree(place)


@pytest.fixture(scope="module")
def sample(grounds: Path) -> Path:
    """A queue with something in every place, whose dispatcher was killed."""
    root = grounds / "sample"
    root.mkdir()
    queue = Queue(str(root))
    bob = FakeAgent(queue, BOB)
    queue.submit(BOB, "-c1")
    queue.submit(BOB, "--hold")
    queue.submit(BOB, "-c1")
    bob.end("3.1")
    queue.submit(BOB, "-c1")
    bob.end("4.1", code=1)
    queue.submit(BOB, "-c1", "--array=0-5%3")
    bob.end("5_0.1")
    bob.end("5_2.1", code=1)
    bob.end("5_3.1")
    queue.ask(BOB, "control", "hold", "5")
    queue.ask(BOB, "control", "requeue", "5_3")
    queue.rest()
    queue.kill()
    (root / "config.yaml").write_text("cpus: 4\npoll_interval: 3600\nlog_files: 3\n")
    (root / "queue/legacy").mkdir()
    for name in ("legacy/RESUBMIT", "legacy/job_70.meta", "quarantine/job_77.meta.1"):
        (root / "queue" / name).write_text("name=x\n")
    (root / "logs/dispatcher.log").write_text("a line\n")
    (root / "state/closed").write_text('{"format": 1}')
    (root / "tmp/.new.<pid>.<n>").write_text("half")
    return root


class Started(Queue):
    """The same start as main's: configuration, then the log, then the queue."""

    def __init__(self, root: str) -> None:
        config = load(f"{root}/config.yaml", {})
        super().__init__(root, config)
        journal.open_log(root, config, self.clock)


@pytest.fixture
def quiet() -> Iterator[None]:
    """The log of the test's own is put back."""
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    mask = os.umask(0o077)
    yield
    for log in [log for log in logging.getLogger().handlers if log not in handlers]:
        log.close()
    logging.getLogger().handlers[:] = handlers
    logging.getLogger().setLevel(level)
    os.umask(mask)


@pytest.mark.parametrize(("place", "damage", "verdict"), CASES)
def test_damage_is_survived_told_or_refused(
    sample: Path, grounds: Path, quiet: None, place: str, damage: Damage, verdict: str
):
    root = grounds / "root"
    shutil.copytree(sample, root, symlinks=True)
    try:
        path = root / path_of(place)
        damage(path)
        if verdict == REFUSES:
            refuses(root, path)
        else:
            serves(root, path, verdict)
    finally:
        shutil.rmtree(root)


def refuses(root: Path, path: Path) -> None:
    with pytest.raises(TinyschedError) as refused:
        Started(str(root))
    assert str(path) in refused.value.sentence
    assert refused.value.cure


def serves(root: Path, path: Path, verdict: str) -> None:
    queue = Started(str(root))
    try:
        answer = queue.ask(os.getuid(), "status").out.decode()
        told = "\n".join(line for line in answer.splitlines() if line.startswith("quarantined:"))
        assert (path.name.removesuffix(".meta") in told) == (verdict == SAYS), told
        assert "cure:" in answer or not told
        bob = FakeAgent(queue, BOB)
        bob.say("restated", [])  # this one cannot tell what was lost: all else goes on without it
        number = int(queue.submit(BOB, "-c1", "--parsable", token="ab" * 16).out)
        assert number > 5
        queue.sleep(queue.config.agent_lost_s + 1)
        bob.obey()
        while f"{number}.1" not in bob.runs:
            bob.end(next(iter(bob.runs)))
        bob.end(f"{number}.1", code=3)
        assert queue.states()[str(number)] == "FAILED"
        assert queue.cores_taken <= 4
    finally:
        queue.close()
