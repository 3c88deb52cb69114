"""Owners and admins change jobs, nobody else does; an admin only through the owner's agent."""

from __future__ import annotations

import os

import pytest

from tests.security.people import Realm
from tests.wait import until


@pytest.fixture(scope="module")
def rights(realm: Realm) -> Realm:
    """The second user of the group is an admin by the configuration; the outsider is not."""
    realm.site.configure(f"cpus: 4\nkill_wait_s: 0.5\nadmins: [{realm.attacker.person.uid}]\n")
    realm.site.admin.ok("tsdaemon", "reload")
    return realm


def test_an_admin_by_name_may_do_what_owners_may(rights):
    helper, victim = rights.attacker, rights.victim
    number = victim.wrap("sleep 60")
    rights.site.until_state(number, "RUNNING")
    helper.ok("tscontrol", "requeue", number)
    rights.site.until(
        lambda: (
            rights.site.job(number)["restarts"] == 1
            and rights.site.job(number)["state"] == "RUNNING"
        ),
        "it runs again",
    )
    helper.ok("tscancel", number)
    rights.site.until_state(number, "CANCELLED")
    held = victim.wrap("true", "--hold")
    helper.ok("tscontrol", "hold", held)
    assert victim.run("tscontrol", "release", held).code == 1
    helper.ok("tscontrol", "release", held)
    rights.site.completes(held)
    helper.ok("tspurge", "--keep-last=100")
    helper.ok("tsdaemon", "reload")


def test_an_admin_by_name_reads_nobodys_files(rights):
    number = rights.victim.wrap("sleep 60")
    rights.site.until_state(number, "RUNNING")
    own = rights.own_of(rights.victim)
    assert rights.is_denied(f"os.listdir({str(own)!r})")
    script = rights.root / "queue" / "running" / f"job_{number}.script"
    assert rights.is_denied(f"open({str(script)!r})")
    rights.attacker.ok("tscancel", number)


def test_who_is_no_admin_any_more_has_no_rights(rights):
    number = rights.victim.wrap("true", "--hold")
    rights.site.configure("cpus: 4\nkill_wait_s: 0.5\n")
    rights.site.admin.ok("tsdaemon", "reload")
    for words in (("tscancel",), ("tscontrol", "hold"), ("tscontrol", "release")):
        done = rights.attacker.run(*words, number)
        assert (done.code, "Access/permission denied" in done.err) == (1, True)
    assert rights.attacker.run("tsdaemon", "reload").code == 1
    assert rights.attacker.run("tspurge", "--keep-last=0").code == 1
    assert rights.attacker.run("tsdaemon", "stop").code == 1
    assert rights.site.job(number)["held_by"] == "user"
    rights.victim.ok("tscancel", number)


def test_an_admins_order_reaches_a_job_when_its_owners_agent_is_back(rights):
    """Stopped, the agent hears nothing; killed, it cannot pass on what it was told."""
    victim = rights.victim
    number = victim.wrap("trap '' TERM; while :; do sleep 0.1; done")
    rights.site.until_state(number, "RUNNING")
    agent = rights.site.agent_pid(victim)
    os.kill(agent, 19)
    rights.site.admin.ok("tscancel", number)
    assert rights.site.job(number)["state"] == "COMPLETING"
    os.kill(agent, 9)
    until(lambda: rights.site.agent_pid(victim) not in (None, agent), "a worker starts another")
    rights.site.until_state(number, "CANCELLED")
