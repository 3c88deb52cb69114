from __future__ import annotations

import os

import pytest

from tinysched.commands.shellnotice import notice, notice_of_start

ROW = "%-26s%-21s%-21s"
NOT_ROOT = 1000


def facts(nice=0, gid=70100, groups="70100 70200", cores="0 1 2 3", **limits: str) -> bytes:
    rows = [ROW % (f"Max {name.replace('_', ' ')}", hard, hard) for name, hard in limits.items()]
    lines = [f"nice {nice}", f"gid {gid}", f"groups {groups}", f"cores {cores}", *rows]
    return "\n".join(lines).encode()


def test_nothing_is_said_of_an_agent_like_the_shell():
    assert notice(facts(open_files="20"), facts(open_files="20")) == ""


def test_lower_limits_and_the_nice_value_of_the_shell_are_its_own_affair():
    assert notice(facts(nice=10, address_space="5"), facts(address_space="unlimited")) == ""


def test_fewer_cores_in_the_shell_are_its_own_affair():
    assert notice(facts(cores="0"), facts()) == ""


@pytest.mark.parametrize(
    ("shell", "agent", "words"),
    [
        ({"gid": 70200}, {}, "group 70100 instead of 70200"),
        ({"groups": "70100 70200 70300"}, {}, "without group 70300"),
        ({"groups": "70100"}, {}, "with group 70200"),
        (
            {"address_space": "unlimited"},
            {"address_space": "4096"},
            "address space (ulimit -v) at most 4096 instead of unlimited",
        ),
        (
            {"open_files": "20"},
            {"open_files": "10"},
            "open files (ulimit -n) at most 10 instead of 20",
        ),
        ({}, {"cores": "2 3"}, "cores 2-3 instead of 0-3"),
        ({}, {"nice": 10}, "nice 10 instead of 0"),
    ],
)
def test_one_line_tells_what_differs_and_what_mends_it(shell, agent, words):
    assert notice(facts(**shell), facts(**agent)) == (
        f"your jobs run as your agent does: {words};"
        " 'tsagent restart' makes an agent like this shell"
    )


def test_facts_of_another_version_are_no_reason_to_say_anything():
    for strange in (b"", b"nice x\ngid 1\ngroups \ncores 0", b"nice 0\nuid 5\ngroups\ncores\n"):
        assert notice(facts(), strange) == ""


def test_an_agent_about_to_start_from_a_niced_shell_is_told_of(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: NOT_ROOT)
    assert "run at nice 10; 'tsagent restart' in a shell" in notice_of_start(facts(nice=10))
    assert "nice 10" in notice_of_start(facts(nice=10, nice_priority="19"))


def test_an_agent_that_may_take_nice_0_is_not_told_of(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: NOT_ROOT)
    assert notice_of_start(facts()) == ""
    assert notice_of_start(facts(nice=10, nice_priority="20")) == ""
    assert notice_of_start(facts(nice=10, nice_priority="unlimited")) == ""


def test_root_takes_nice_0_from_anywhere(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert notice_of_start(facts(nice=10)) == ""
