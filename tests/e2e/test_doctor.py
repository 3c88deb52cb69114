"""tsctl doctor on real queues: a good one, as everybody; then one breakage after the other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from installer import launchers, trust
from installer.words import InstallError
from tests.e2e.people import REPOSITORY, SEVERAL_USERS
from tests.e2e.rig import CONFIG, Site
from tests.e2e.user import User

OUTSIDER = {"user": 65534, "group": 65534, "extra_groups": []}
Check = tuple[str, str, str, str]


def doctor(asker: User, code: int | None = None, **more: Any) -> list[Check]:  # Any: of Popen
    """Grade, what, words and cure of each line."""
    done = asker.run("tsctl", "doctor", "--json", **more)
    assert done.err == ""
    told = json.loads(done.out)
    assert done.code == told["exit_code"]
    assert code in (None, done.code), (code, told)
    return [(c["grade"], c["what"], c["words"], c["cure"]) for c in told["checks"]]


def is_safe(path: Path) -> bool:
    try:
        trust.check("the checkout", str(path), frozenset({0, os.geteuid()}))
    except InstallError:
        return False
    return True


# Elsewhere the doctor is right: somebody else could change what these tests run.
SAFE = all(map(is_safe, (REPOSITORY / "tinysched", Path(sys.prefix))))


def failing(checks: list[Check]) -> list[Check]:
    return [c for c in checks if c[0] == "FAIL" and (SAFE or c[1] != "programs")]


@pytest.fixture(scope="module")
def kept(compiled: None) -> Iterator[Site]:
    """A queue that is broken and mended again and again."""
    made = Site()
    try:
        made.start()
        made.completes(made.ann.wrap("true"))
        yield made
    finally:
        made.close()


def test_a_good_queue_has_no_failure_for_anybody(kept: Site):
    assert failing(doctor(kept.admin)) == []
    seen = doctor(kept.ann)
    assert failing(seen) == []
    assert {what for _, what, _, _ in seen} >= {
        "places", "access lists", "programs", "group", "dispatcher", "version", "clock",
        "supervision", "configuration", "quarantine", "agent", "agent at boot", "file system",
        "disk of root", "disk of your requests", "disk of your home", "open files", "/proc",
        "protected links", "cgroup v2",
    }  # fmt: skip
    assert all(cure for grade, _, _, cure in seen if grade != "OK")


@SEVERAL_USERS
def test_an_outsider_is_told_of_the_group_and_of_no_failure(kept: Site):
    seen = doctor(kept.ben, cwd="/", **OUTSIDER)
    assert failing(seen) == []
    (group,) = [check for check in seen if check[1] == "group"]
    assert group[0] == "WARN"
    assert "usermod -aG" in group[3]


def test_people_read_a_line_for_each_check_and_the_cure_below(kept: Site):
    out = kept.ann.run("tsctl", "doctor").out
    lines = out.splitlines()
    assert "OK    version: dispatcher and commands are both" in out
    at = next(n for n, line in enumerate(lines) if line.startswith("WARN  supervision: "))
    assert lines[at + 1] == "      'tsdaemon restart --supervised' (the admin); jobs go on"


def chmod(where: str, mode: int) -> Callable[[Site], Callable[[], object]]:
    def break_it(site: Site) -> Callable[[], object]:
        path = site.place / where
        before = path.stat().st_mode & 0o7777
        path.chmod(mode)
        return lambda: path.chmod(before)

    return break_it


def chown(where: str, uid: int, gid: int) -> Callable[[Site], Callable[[], object]]:
    def break_it(site: Site) -> Callable[[], object]:
        path = site.place / where
        before = path.stat()

        def mend() -> None:
            os.chown(path, before.st_uid, before.st_gid)
            path.chmod(before.st_mode & 0o7777)

        os.chown(path, uid, gid)
        path.chmod(before.st_mode & 0o7777)
        return mend

    return break_it


def write(where: str, text: str) -> Callable[[Site], Callable[[], object]]:
    def break_it(site: Site) -> Callable[[], object]:
        path = site.place / where
        before = path.read_text() if path.exists() else None
        path.write_text(text)
        path.chmod(0o640)
        site.admin.person.owns(path)
        return path.unlink if before is None else lambda: path.write_text(before)

    return break_it


def setfacl(where: str, words: str) -> Callable[[Site], Callable[[], object]]:
    def break_it(site: Site) -> Callable[[], object]:
        if shutil.which("setfacl") is None:
            pytest.skip("needs setfacl (package acl)")
        path = site.place / where
        mode = path.stat().st_mode & 0o7777
        subprocess.run(["setfacl", "-m", words, path], check=True)

        def mend() -> None:
            subprocess.run(["setfacl", "-b", path], check=True)
            path.chmod(mode)

        return mend

    return break_it


def squat(site: Site) -> Callable[[], object]:
    link = site.root / "queue" / "pending" / "job_9.meta"
    link.symlink_to("/etc/passwd")
    return link.unlink


@pytest.mark.parametrize(
    ("break_it", "grade", "what", "words", "cure"),
    [
        (chmod("queue/queue/pending", 0o2770), "FAIL", "places", "the group may write", "chmod"),
        (chmod("queue/queue/failed", 0o2700), "WARN", "places", "the group cannot look", "chmod"),
        (chmod("queue/users", 0o2770), "FAIL", "places", "2770, not 3770", "chmod 3770"),
        (chmod("queue/run/ctl.sock", 0o666), "FAIL", "places", "everybody may write", "chmod 0660"),
        (chmod("queue/config.yaml", 0o666), "FAIL", "places", "everybody may write", "chmod 0640"),
        (chmod("bin", 0o777), "FAIL", "programs", "can be written by everybody", "chmod go-w"),
        (chmod(".", 0o777), "FAIL", "programs", "can be written by everybody", "chmod go-w"),
        (chmod("lib/versions", 0o777), "FAIL", "programs", "written by everybody", "chmod go-w"),
        (squat, "FAIL", "places", "is a symbolic link", "remove it"),
        (write("queue/mine", "x"), "WARN", "places", "nothing of the queue's", "remove it"),
        (write("queue/config.yaml", "cpu: 4\n"), "FAIL", "configuration", "line 1", "reload"),
        (
            write("queue/queue/quarantine/job_3.meta.1", "{"),
            "WARN",
            "quarantine",
            "job_3.meta.1",
            "mend it",
        ),
    ],
)
def test_what_was_broken_is_told_with_its_cure(
    break_it: Callable[[Site], Callable[[], object]],
    grade: str,
    what: str,
    words: str,
    cure: str,
    kept: Site,
):
    before = troubles(kept.admin)
    mend = break_it(kept)
    try:
        seen = doctor(kept.admin, code=1 if grade == "FAIL" else None)
    finally:
        mend()
    (fresh,) = [check for check in seen if check[0] != "OK" and check not in before]
    assert fresh[:2] == (grade, what)
    assert words in fresh[2]
    assert cure in fresh[3]
    assert troubles(kept.admin) == before


def troubles(asker: User) -> list[Check]:
    return [check for check in doctor(asker) if check[0] != "OK"]


@SEVERAL_USERS
@pytest.mark.parametrize(
    ("break_it", "what", "words", "cure"),
    [
        (chown("queue/logs", 65534, -1), "places", "belongs to nobody", "chown"),
        (chown("queue/queue/completed", -1, 65534), "places", "is of group nogroup", "chgrp"),
        (chown("bin", 65534, -1), "programs", "belongs to nobody", "install again"),
        (setfacl("queue/state", "u:nobody:rwx"), "access lists", "user nobody: rwx", "setfacl -b"),
    ],
)
def test_what_others_got_hold_of_is_told_with_its_cure(
    break_it: Callable[[Site], Callable[[], object]], what: str, words: str, cure: str, kept: Site
):
    mend = break_it(kept)
    try:
        seen = doctor(kept.admin, code=1)
    finally:
        mend()
    assert any(
        check[:2] == ("FAIL", what) and words in check[2] and cure in check[3] for check in seen
    ), seen


def test_a_stopped_dispatcher_alone_is_worth_another_try(own_site: Site):
    own_site.kill_dispatcher(15)
    seen = doctor(own_site.ann, code=75 if SAFE else None)
    ((_, what, words, cure),) = failing(seen)
    assert (what, "it is not running" in words, "tsdaemon start" in cure) == (
        "dispatcher",
        True,
        True,
    )
    own_site.configure("cpu: 4\n")
    doctor(own_site.admin, code=1)
    own_site.configure(CONFIG)


def test_a_dispatcher_whose_socket_is_gone_is_told_from_one_that_was_stopped(own_site: Site):
    pid = own_site.dispatcher_pid
    (own_site.root / "run" / "ctl.sock").unlink()
    ((_, what, words, cure),) = failing(doctor(own_site.admin, code=1))
    assert what == "dispatcher"
    assert f"lives (pid {pid})" in words
    assert f"kill {pid}" in cure
    own_site.kill_dispatcher(15)


def test_who_keeps_the_dispatcher_running_is_told(own_site: Site):
    own_site.kill_dispatcher(15)
    own_site.start_supervised()
    seen = {what: (grade, words) for grade, what, words, _ in doctor(own_site.ann)}
    assert seen["supervision"][0] == "OK"
    assert "supervisord" in seen["supervision"][1]


def test_an_agent_of_an_older_installation_is_told(own_site: Site):
    ann, versions = own_site.ann, own_site.place / "lib" / "versions"
    (versions / "older" / "commands").mkdir(parents=True)
    for name in ("ours", "bin", "lib", "pyvenv.cfg"):
        (versions / "older" / name).symlink_to(os.readlink(versions / "checkout" / name))
    launchers.write(own_site.choices, str(versions / "older"))
    number = ann.wrap("sleep 60", "-H")
    own_site.until(own_site.agent_pid, "ann's agent runs")
    ann.ok("tsagent", "stop")
    agent = ann.start(versions / "older" / "commands" / "tinysched", "agent")
    own_site.until(lambda: own_site.agent_pid() == agent.pid, "the older agent runs")
    own_site.until(lambda: ann.name in own_site.ask("status").out.decode(), "it is connected")
    (found,) = [check for check in doctor(ann) if check[1] == "agent"]
    assert found[0] == "WARN"
    assert "of an older installation" in found[2]
    assert "tsagent restart" in found[3]
    ann.ok("tscancel", number)
    agent.terminate()
    agent.communicate()


# A host that differs from this one for one command only.
CHANGED = """\
uid=$1 gid=$2 place=$3; shift 3
{change} || exit 99
exec setpriv --reuid $uid --regid $gid --clear-groups "$@"
"""
FULL_DISK = """\
mount -t tmpfs -o size=8k,mode=700,uid=$uid,gid=$gid none "$place" &&
dd if=/dev/zero of="$place/agent.log" bs=4k count=2 status=none &&
chown $uid:$gid "$place/agent.log"
"""
HIDDEN = "mount -t proc -o hidepid=2 proc /proc"


def on_a_changed_host(site: Site, change: str) -> dict[str, tuple[str, str]]:
    """Grade and words of what ann is told there, by what was looked at."""
    person = site.ann.person
    own = site.root / "users" / f"u{person.uid}"
    inside = ("unshare", "--mount", "sh", "-c", CHANGED.format(change=change.strip()), "sh")
    command = (*inside, person.uid, person.gid, own, site.bin / "tsctl", "doctor", "--json")
    done = site.ann.run(*command, user=0, group=0, extra_groups=[])
    if done.code == 99 or "unshare failed" in done.err:
        pytest.skip("CI cannot run this: root may not mount here")
    checks = json.loads(done.out)["checks"]
    return {check["what"]: (check["grade"], check["words"]) for check in checks}


@SEVERAL_USERS
def test_a_full_disk_is_told(kept: Site):
    told = on_a_changed_host(kept, FULL_DISK)
    assert told["disk of your requests"][0] == "FAIL"
    assert told["disk of your requests"][1].startswith("full: 0 MiB free")
    assert told["disk of root"][0] != "FAIL"


@SEVERAL_USERS
def test_where_processes_are_hidden_that_is_told_and_nothing_is_guessed(kept: Site):
    told = on_a_changed_host(kept, HIDDEN)
    assert told["/proc"][0] == "WARN"
    assert "hidepid=" in told["/proc"][1]
    assert told["supervision"] == ("OK", "who keeps the dispatcher running cannot be seen")
    failing = [what for what, (grade, _) in told.items() if grade == "FAIL"]
    assert failing == [] or (failing == ["programs"] and not SAFE)
