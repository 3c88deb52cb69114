"""A dispatcher that lies: with the admin's uid, and still it cannot do to users as it likes."""

from __future__ import annotations

import json
import sys

import pytest

from tests.e2e.people import REPOSITORY
from tests.security.people import Realm

CONFIG = "agent_idle_s: 3600\n"

# Speaks like the dispatcher to one agent, and prints what that answers to each grant.
LIAR = """
import json, os, select, sys
sys.path.insert(0, sys.argv[3])
from tinysched.wire.channel import Listener
listener = Listener(sys.argv[1] + "/run", "ctl.sock", 0o660)
grants = json.loads(sys.argv[2])
print("listening", flush=True)
agent = None
while agent is None:
    select.select([listener.fileno()], [], [])
    caller = listener.accept()
    if caller.peer.uid != int(sys.argv[4]):
        caller.close()
        continue
    select.select([caller.fileno()], [], [], 5)
    if any(message.verb == "hello" for message in caller.receive()):
        agent = caller
agent.send("welcome", [("agent_idle_s", b"3600")])
for grant in grants:
    agent.send("grant", [(name, str(value).encode()) for name, value in grant.items()])
    answer = None
    while answer is None:
        select.select([agent.fileno()], [], [], 10)
        for message in agent.receive():
            if message.verb in ("started", "ended"):
                answer = [message.verb, message.text("cause", ""), message.text("words", "")]
    print(json.dumps(answer), flush=True)
listener.close()
"""


@pytest.fixture(scope="module")
def answers(realm: Realm) -> dict[str, list[str]]:
    """What the victim's agent says to false grants; each would add a line to `ran`."""
    site, victim = realm.site, realm.victim
    done = victim.wrap("echo plain >>ran")
    array = victim.wrap("echo task >>ran", "--array=1-2")
    fixed = victim.wrap("echo fixed >>ran", "--no-requeue")
    waits = victim.wrap("echo waits >>ran", "--hold")
    site.completes(done)
    site.until_ended(array)
    site.completes(fixed)
    site.until(lambda: not site.runs(victim), "the agent has forgotten what is over")
    tokens = {
        number: site.record(number, folder)["token"]
        for number, folder in (
            (done, "completed"), (array, "completed"), (fixed, "completed"), (waits, "pending"),
        )
    }  # fmt: skip
    other = site.ben.move()
    theirs = other.wrap("true", "--hold")
    false = {
        "replayed": (done, f"{done}.1", {}),
        "replayed task": (array, f"{array}_1.1", {}),
        "again": (done, f"{done}.2", {}),
        "not to be requeued": (fixed, f"{fixed}.2", {"restarts": 1}),
        "no such task": (array, f"{array}_3.1", {}),
        "no task": (array, f"{array}.1", {}),
        "a task of none": (waits, f"{waits}_1.1", {}),
        "another number": (waits, f"{waits + 500}.1", {}),
        "unknown token": (waits, f"{waits}.1", {"token": "0" * 32}),
        "a path for a token": (waits, f"{waits}.1", {"token": "../../u0"}),
        "another's token": (
            waits,
            f"{waits}.1",
            {"token": site.record(theirs, "pending")["token"]},
        ),
        "a cluster that is code": (waits, f"{waits}.1", {"cluster": "$(id)"}),
        "a dead number": (waits, f"{waits}.0", {}),
    }
    grants = [
        {
            "run": run, "raw_id": number, "token": tokens[number], "cores": 1, "memory_mib": 1,
            "kill_wait_s": 1, "restarts": 0, "cluster": "tinysched", **more,
        }
        for number, run, more in false.values()
    ]  # fmt: skip
    before = victim.read("ran")
    site.kill_dispatcher(15)
    uid = victim.person.uid
    words = [sys.executable, "-I", "-c", LIAR, site.root, json.dumps(grants), REPOSITORY, uid]
    out = site.admin.ok(*words).splitlines()
    site.start()
    assert victim.read("ran") == before
    victim.ok("tscancel", waits)
    other.ok("tscancel", theirs)
    return dict(zip(false, map(json.loads, out[1:]), strict=True))


def refused(answer: list[str], words: str) -> bool:
    return answer[:2] == ["ended", "launch"] and words in answer[2]


def test_a_grant_that_is_repeated_starts_nothing_again(answers):
    assert refused(answers["replayed"], "attempt 1 of it is over")
    assert refused(answers["replayed task"], "attempt 1 of it is over")


def test_a_second_attempt_needs_a_requeue(answers):
    assert refused(answers["again"], "it was not requeued")


def test_who_said_no_requeue_is_not_run_twice(answers):
    assert refused(answers["not to be requeued"], "or may not be")


@pytest.mark.parametrize("which", ["no such task", "no task", "a task of none"])
def test_a_grant_outside_of_what_was_submitted_starts_nothing(answers, which):
    assert refused(answers[which], "the request has no such task")


def test_a_request_is_one_job_for_ever(answers):
    assert refused(answers["another number"], "it is job")


@pytest.mark.parametrize("which", ["unknown token", "a path for a token", "another's token"])
def test_a_grant_for_what_the_user_never_submitted_starts_nothing(answers, which):
    assert refused(answers[which], "")


def test_a_name_from_the_admin_is_no_code(answers):
    assert refused(answers["a cluster that is code"], "is no name")


FALSE = """
sys.path.insert(0, sys.argv[2])
from tinysched.wire.channel import Listener
kept = Listener(sys.argv[1] + "/run", "ctl.sock", 0o666)
"""


def test_nobody_else_can_be_the_dispatcher(realm, answers):
    """While none runs, its place is empty; the place is not writable for others."""
    realm.site.kill_dispatcher(15)
    try:
        done = realm.run_attack(FALSE, REPOSITORY)
        assert done.code != 0
        assert "Permission denied" in done.err
    finally:
        realm.site.start()


def test_a_dispatcher_of_another_uid_is_not_obeyed(realm, answers):
    """Even if somebody, such as root by mistake, started one in the right place."""
    realm.site.kill_dispatcher(15)
    victim = realm.victim
    listener = ["import sys", "ROOT = sys.argv[1]", *FALSE.strip().splitlines()]
    listener += ["print('up', flush=True)", "sys.stdin.read()"]
    with victim.start(
        sys.executable, "-I", "-c", "\n".join(listener), realm.root, REPOSITORY,
        stdin=-1, user=0, group=realm.site.admin.person.gid,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "up\n"
        done = victim.run("tsqueue")
        assert done.code == 1
        assert "cannot trust the dispatcher" in done.err
        log = realm.own_of(victim) / "agent.log"
        realm.site.until(lambda: "NotTrusted" in log.read_text(), "the agent says whom it met")
        process.communicate("")
    realm.site.start()
    realm.site.completes(victim.wrap("true"))
