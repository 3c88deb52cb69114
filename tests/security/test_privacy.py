"""What others see of a job: little in an open queue, counts in a private one, secrets in none."""

from __future__ import annotations

import json
import os

import pytest

from tests.security.people import Realm

CONFIG = "privacy: private\n"
SECRET = "correct-horse-battery"
NAME = "annspaper"

WALK = """
found, unreadable = [], 0
for folder, folders, names in os.walk(ROOT):
    for name in names:
        path = folder + "/" + name
        try:
            if SECRET in open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb").read():
                found.append(path)
        except OSError:
            unreadable += 1
print(found, unreadable > 0)
"""
PROC = """
found = []
for pid in sys.argv[2].split(","):
    for name in ("cmdline", "comm", "environ", "stat", "status", "maps", "mountinfo"):
        try:
            if SECRET in open(f"/proc/{pid}/{name}", "rb").read():
                found.append((pid, name))
        except OSError:
            continue
    try:
        open(f"/proc/{pid}/environ", "rb").read()
        found.append((pid, "its environment can be read"))
    except OSError:
        continue
print(found)
"""
LOOKS = (
    "tsqueue",
    "tsqueue -r",
    "tsqueue --json",
    "tsqueue -r --all --json",
    "tsqueue -u {uid}",
    "tsqueue -j {job}",
    "tsqueue --name {name}",
    "tscontrol show job {job}",
    "tscontrol show job {job} --json",
    "tscontrol hold {job}",
    "tscontrol requeue {job}",
    "tsout {job}",
    "tsout --cat {job}",
    "tscancel {job}",
    "tscancel -u {uid}",
    "tscancel -s USR1 {job}",
    "tscancel --name {name}",
    "tspurge --dry-run --keep-last=0",
    "tsdaemon status",
    "tsdaemon status --json",
    "tsctl why {job}",
    "tsctl history {job}",
    "tsctl history --json {job}",
)


@pytest.fixture(scope="module")
def job(realm: Realm) -> int:
    """A job of the victim that runs, with its secret wherever a secret can be."""
    victim = realm.victim
    script = victim.script(f"# {SECRET}\ntouch begun\nwhile :; do sleep 1; done")
    number = victim.submit(
        f"--export=ALL,MINE={SECRET}", f"--job-name={NAME}", script, env={"TOKEN": SECRET}
    )
    victim.wrap(f"true {SECRET}", "--hold", f"--job-name={NAME}")
    victim.wrap("true", "-c4", f"--job-name={NAME}")
    victim.until_file("begun")
    realm.attacker.wrap("sleep 60", "--job-name=mine")
    return number


def everything_seen(realm: Realm, user, job: int) -> dict[str, str]:
    seen = {}
    for look in LOOKS:
        words = look.format(uid=realm.victim.person.uid, job=job, name=NAME).split()
        done = user.run(*words)
        seen[look] = done.out + done.err
    return seen


def test_no_command_names_others_or_their_jobs(realm, job):
    uid = str(realm.victim.person.uid)
    for look, text in everything_seen(realm, realm.attacker, job).items():
        # What one typed oneself may be said again.
        assert "{name}" in look or NAME not in text, (look, text)
        assert "{uid}" in look or uid not in text, (look, text)
        assert SECRET not in text, (look, text)
    assert realm.site.job(job)["state"] == "RUNNING"


def test_others_are_shown_as_counts(realm, job):
    shown = json.loads(realm.attacker.ok("tsqueue", "--json"))
    assert shown["others"] == {"running": 1, "cores": 1, "waiting": 2}
    assert {line["name"] for line in shown["jobs"]} == {"mine"}
    assert realm.attacker.ok("tsqueue").endswith("others: 1 running on 1 cores, 2 waiting\n")
    assert json.loads(realm.site.admin.ok("tsqueue", "--json"))["others"] is None
    assert realm.site.admin.ok("tsqueue").count(NAME) == 3
    assert realm.victim.ok("tsqueue").count(NAME) == 3


def test_a_hidden_job_is_as_unknown_as_one_that_never_was(realm, job):
    for command in ("tscancel", "tsout", "tscontrol hold", "tscontrol show job", "tsqueue -j"):
        words = command.split()
        hidden, none = (realm.attacker.run(*words, number) for number in (job, 99999))
        assert hidden.code == none.code == 1
        assert hidden.err.replace(str(job), "N") == none.err.replace("99999", "N")
        assert hidden.out == none.out


def test_the_files_of_a_private_queue_are_its_admins(realm, job):
    realm.site.until(lambda: len(list((realm.root / "queue").rglob("*.meta"))) >= 4, "all is there")
    paths = [*(realm.root / "queue").rglob("*.*"), *(realm.root / "logs").iterdir()]
    assert len(paths) > 5
    assert {path: oct(path.stat().st_mode & 0o7777) for path in paths} == {
        path: oct(0o600) for path in paths
    }


def test_no_file_that_others_can_read_has_a_secret(realm, job):
    code = f"SECRET = {SECRET.encode()}\n{WALK}"
    assert realm.attack(code) == "[] True"
    assert realm.attack(code, user=realm.outsider) in ("[] True", "[] False")


def test_no_process_shows_a_secret_to_others(realm, job):
    pids = ",".join(
        str(pid)
        for pid in realm.site.processes()
        if os.stat(f"/proc/{pid}").st_uid != realm.attacker.person.uid
    )
    assert pids.count(",") >= 3
    assert realm.attack(f"SECRET = {SECRET.encode()}\n{PROC}", pids) == "[]"


def test_without_a_dispatcher_one_sees_ones_own_jobs_only(realm, job):
    realm.site.kill_dispatcher()
    try:
        mine = realm.attacker.run("tsqueue")
        assert mine.err == "tsqueue: no dispatcher answers; this is what your own directory says\n"
        assert [line.split()[1:3] for line in mine.out.splitlines()[1:]] == [["mine", "RUNNING"]]
        theirs = realm.victim.run("tsqueue")
        states = sorted(line.split()[2] for line in theirs.out.splitlines()[1:])
        assert states == ["PENDING", "PENDING", "RUNNING"]
        assert realm.attacker.run("tsqueue", "-j", job).code == 1
        assert realm.attacker.run("tsout", job).code == 1
        assert realm.site.admin.run("tsqueue").out.count(NAME) == 3
        assert realm.outsider.run("tsqueue").code == 1
    finally:
        realm.site.start()


def test_an_array_of_ones_own_is_seen_without_a_dispatcher(realm, job):
    user = realm.attacker
    array = user.wrap("test $SLURM_ARRAY_TASK_ID != 3 || sleep 60", "--array=1-9%1")
    realm.site.until_state(f"{array}_3", "RUNNING")
    realm.site.kill_dispatcher()
    try:
        out = user.run("tsqueue", "-j", array).out
        rows = dict(line.split()[0:3:2] for line in out.splitlines()[1:])
        assert rows == {
            f"{array}_3": "RUNNING",
            **{f"{array}_{index}": "PENDING" for index in range(4, 10)},
        }
    finally:
        realm.site.start()
        user.ok("tscancel", array)


def test_an_open_queue_shows_names_and_no_secrets(realm, job):
    realm.site.configure("cpus: 4\nkill_wait_s: 0.5\nprivacy: open\n")
    realm.site.admin.ok("tsdaemon", "reload")
    user = realm.attacker
    assert user.ok("tsqueue").count(NAME) == 3
    assert json.loads(user.ok("tsqueue", "--json"))["others"] is None
    for look, text in everything_seen(realm, user, job).items():
        assert SECRET not in text, (look, text)
    realm.victim.run("tsbatch", f"--export=9={SECRET}", "--wrap=true")
    realm.victim.run("tsbatch", f"--{SECRET}", "--wrap=true")
    code = f"SECRET = {SECRET.encode()}\n{WALK}"
    assert realm.attack(code) == "[] True"
    assert "Begins" in realm.attack("print(open(ROOT + '/logs/dispatcher.log').read())")


def test_a_queue_that_becomes_private_closes_what_was_open(realm, job):
    realm.site.configure("cpus: 4\nkill_wait_s: 0.5\nprivacy: private\n")
    realm.site.admin.ok("tsdaemon", "reload")
    paths = [*(realm.root / "queue").rglob("*.meta"), *(realm.root / "logs").iterdir()]
    paths.append(realm.root / "state" / "ended.log")
    assert {oct(path.stat().st_mode & 0o7777) for path in paths} == {oct(0o600)}
    assert NAME not in realm.attacker.ok("tsqueue")
