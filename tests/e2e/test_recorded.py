"""What this release says and writes is on record, for later ones to understand.

Of each kind of message, and each set of fields in it, one is kept in tests/golden/wire/v<protocol>,
as the bytes that a program of ours has sent. `--bless` adds what is missing. What is there stays
for ever: tests/programs/test_golden_wire.py feeds it to the present programs. Of each release a
whole spool is kept in tests/golden/spool/<release>, for tests/programs/test_golden_spool.py.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from tests.e2e import taps
from tests.e2e.rig import CONFIG, Site
from tests.e2e.user import User
from tinysched import __version__
from tinysched.spool import outbox
from tinysched.spool.requests import apart
from tinysched.wire.fields import PROTOCOL

RECORDS = Path(__file__).parents[1] / "golden" / "wire" / f"v{PROTOCOL}"
SPOOLS = Path(__file__).parents[1] / "golden" / "spool"
# Of the journal spool/test_transactions.py has a record.
NOT_KEPT = (
    "*.sock",
    ".listens.*",
    ".spare.*",
    "lock",
    "logs",
    "tmp",
    "alive",
    "agent.log",
    "config.yaml",
    "run",
    "journal.*",
)
WAITS = "while [ ! -e go ]; do sleep 0.02; done; exit 5"
STUBBORN = "trap '' TERM; echo on; while :; do sleep 0.02; done"


@pytest.fixture
def site(sites: list[Site]) -> Site:
    made = Site(f"{CONFIG}agent_idle_s: 1\nmin_job_age_s: 2\n")
    sites.append(made)
    return made


def everything_is_said(site: Site, ann: User) -> None:
    """All kinds of jobs, ends, orders and questions."""
    for verbs in (["queue"], ["queue", "--json", "-a"], ["status", "--json"]):
        command = {"queue": "tsqueue", "status": "tsdaemon"}[verbs[0]]
        ann.ok(command, *(verbs if command == "tsdaemon" else verbs[1:]))
    foreground(site, ann)
    script = ann.script("#SBATCH --array=1-3%2 --time=5\necho $SLURM_ARRAY_TASK_ID")
    site.until_ended(ann.submit(script, "a", "b", env={"SBATCH_TIMELIMIT": "5"}))
    number = ann.wrap(WAITS)
    site.until_state(number, "RUNNING")
    held = ann.wrap("true", "--hold", "--requeue")
    for words in (["hold", held], ["release", held], ["show", "job", held]):
        ann.ok("tscontrol", *words)
    site.completes(held)
    ann.ok("tscontrol", "requeue", held)
    ann.ok("tsout", held)
    ann.ok("tscancel", "-s", "USR2", number)
    site.until_ended(number)
    number = ann.wrap(WAITS)
    site.until_state(number, "RUNNING")
    restart(site)  # agents say hello again, with what runs
    site.until(lambda: ann.name.encode() in site.ask("status").out, "the agent is here again")
    ann.file("go", "")
    site.until_ended(number)
    stubborn = ann.wrap(STUBBORN, "--output=on")
    ann.until_file("on", "on\n")
    ann.ok("tscancel", stubborn)
    site.until_ended(stubborn)
    site.until_ended(ann.wrap("(sleep 600 &) ; exit 3"))
    site.until_ended(ann.wrap("sleep 600", "--signal=B:USR1@1", "--time=0:01"))
    site.until_ended(ann.wrap("true", "--chdir=/nowhere"))
    lose_worker_and_agent(site, ann)
    site.admin.ok("tspurge", "--keep-last=100")
    site.admin.ok("tsdaemon", "reload")


def restart(site: Site) -> None:
    if site.dispatcher_pid is not None:
        site.kill_dispatcher(signal.SIGTERM)
    site.start()


def lose_worker_and_agent(site: Site, ann: User) -> None:
    number = ann.wrap("sleep 600")
    site.until_state(number, "RUNNING")
    run = site.root / "users" / f"u{ann.person.uid}" / "runs" / f"{number}.1"
    agent, worker = site.agent_pid() or 0, int((run / "worker.lock").read_text())
    script = json.loads((run / "started").read_text())["pid"]
    os.kill(agent, signal.SIGSTOP)
    for pid in (worker, agent, script):
        os.kill(pid, signal.SIGKILL)
    site.until(lambda: site.agent_pid() is None, "the agent has gone")
    ann.ok("tsqueue")
    site.until_ended(number)


def foreground(site: Site, ann: User) -> None:
    held = ann.wrap("true", "--hold")  # keeps the agent here
    assert ann.run("run_job.sh", "1", "no", "sh", "-c", "exit 4").code == 4
    site.until(site.agent_pid, "the agent is here")
    client = ann.start(
        "run_job.sh", "1", "no", "sh", "-c", f"trap '' USR1; echo on >seated; {WAITS}"
    )
    ann.until_file("seated")
    (line,) = site.lines("-t", "RUNNING")
    ann.ok("tscancel", "-s", "USR1", line["id"])
    client.kill()
    client.communicate()
    site.until_ended(line["id"])
    ann.ok("tscancel", held)


def is_on_record(label: str, names: frozenset[str]) -> bool:
    """There are messages of this kind, and one or the other has each of these fields."""
    known = taps.heard(RECORDS).get(label)
    return known is not None and names <= frozenset().union(*known)


def test_what_programs_say_is_on_record(site: Site, request: pytest.FixtureRequest) -> None:
    place = taps.tapped(site)
    site.start()
    ann = site.ann.move()
    everything_is_said(site, ann)
    site.until(lambda: site.agent_pid() is None, "the agent has leave to go")
    new = [
        (label, names, frame)
        for label, found in taps.heard(place).items()
        for names, frame in found.items()
        if not is_on_record(label, names)
    ]
    if new and request.config.getoption("--bless"):
        for label, _, frame in new:
            same = len(list(RECORDS.glob(f"{label}*")))
            path = RECORDS / f"{label}.{same}.frame"
            path.write_bytes(taps.neutral(frame))
        pytest.fail(f"{len(new)} messages were added: add them to the commit")
    assert [(label, sorted(names)) for label, names, _ in new] == []


# The spool


def a_spool_of_all_kinds(site: Site, ann: User) -> None:
    """Jobs in every state; some run."""
    for command in ("true", "exit 3", "(sleep 600 &) ; true"):
        site.until_ended(ann.wrap(command, "--comment=said", env={"SBATCH_TIMELIMIT": "5"}))
    site.until_ended(ann.wrap("sleep 600", "--time=0:01"))
    again = ann.wrap("exit 4", "--requeue", "--job-name=again")
    site.until_ended(again)
    ann.ok("tscontrol", "requeue", again)
    site.until_ended(again)
    running = ann.wrap("sleep 600", "--signal=B:USR1@60", "--time=5")
    site.until_state(running, "RUNNING")
    script = ann.script("[ $SLURM_ARRAY_TASK_ID = 3 ] && sleep 600")
    array = ann.submit("--array=1-9:2%1", script, "an argument")
    site.until_state(f"{array}_3", "RUNNING")
    ann.ok("tscancel", f"{array}_9")
    for options in (["--hold"], [f"--dependency=afterok:{running}"], ["--begin=now+1hour"]):
        ann.wrap("true", *options)
    ann.ok("tscancel", ann.wrap("true", "--hold"))
    site.until_ended(ann.wrap("true", "--chdir=/nowhere"))
    for name in (running, f"{array}_3"):
        site.until_start_recorded(name)


def shapes(root: Path) -> set[str]:
    """The kinds of files in a spool, whatever numbers and tokens are in their names."""
    found = set()
    for path in root.rglob("*"):
        if path.is_file() and not path.is_socket():
            name = re.sub(r"[0-9a-f]{32}", "TOKEN", str(path.relative_to(root)))
            found.add(re.sub(r"\d+", "N", name))
    return found


def test_a_spool_of_this_release_is_on_record(
    own_site: Site, request: pytest.FixtureRequest
) -> None:
    site, kept = own_site, SPOOLS / __version__
    ann = site.ann.move()
    a_spool_of_all_kinds(site, ann)
    seen = site.ask("queue", "--json", "--all", "-r").out
    copy = site.place / "copy"
    shutil.copytree(site.root, copy, ignore=shutil.ignore_patterns(*NOT_KEPT))
    if request.config.getoption("--bless") and not shapes(copy) <= shapes(kept):
        shutil.rmtree(kept, ignore_errors=True)
        own = f"u{ann.person.uid}"
        (copy / "users" / own).rename(copy / "users" / "u1002")
        shutil.copytree(copy, kept)
        for path in (path for path in kept.rglob("*") if path.is_file()):
            content = path.read_bytes()
            parts = apart(content) if path.name == "request" else None
            if parts is None:
                path.write_bytes(neutral(content, ann))
            else:  # their sizes are said
                path.write_bytes(outbox.together((n, neutral(c, ann)) for n, c in parts.items()))
        (kept / "tsqueue.json").write_bytes(neutral(seen, ann))
        pytest.fail("the spool was recorded: add it to the commit")
    assert shapes(copy) - shapes(kept) == set()


def neutral(content: bytes, ann: User) -> bytes:
    """Without the names and numbers that a test was given."""
    content = re.sub(rb"/tmp/ts-[^/]*", b"/tmp/ts", content)
    return content.replace(str(ann.person.uid).encode(), b"1002")
