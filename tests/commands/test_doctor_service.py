"""What the doctor says of dispatcher, agent, configuration and of whoever asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tinysched.commands.doctor.service import (
    AgentFacts,
    Answer,
    Caller,
    Service,
    Silence,
    judge,
)
from tinysched.commands.doctor.verdict import Grade, exit_code

MEMBER = Caller(
    name="bob",
    group="lab",
    is_admin=False,
    is_root=False,
    is_member=True,
    is_registered=True,
)
ANSWER = Answer(
    pid=7,
    version="1.0",
    ahead_s=0.1,
    config_errors=(),
    quarantined=(),
    agents=("bob",),
    agents_missing=(),
    command=("tinysched", "dispatcher", "--supervised"),
    unit="",
)
AGENT = AgentFacts(pid=8, place="/lib/versions/1.0", starts_at_boot=("cron",))
GOOD = Service(
    caller=MEMBER,
    dispatcher=ANSWER,
    agent=AGENT,
    bin_dir="/shared/bin",
    place="/lib/versions/1.0",
    version="1.0",
    config_error="",
    set_aside=(),
    starters=("your crontab",),
)
SILENT = Silence(words="it is not running", cure="start it", holder=None, is_lasting=False)


def bad(service: Service) -> list[tuple[str, str]]:
    return [(v.grade.value, v.what) for v in judge(service) if v.grade is not Grade.OK]


def test_of_a_good_queue_there_is_nothing_bad_to_say():
    assert bad(GOOD) == []
    assert exit_code(judge(GOOD)) == 0


@pytest.mark.parametrize(
    ("service", "grade", "what"),
    [
        (replace(GOOD, caller=replace(MEMBER, is_member=False)), "FAIL", "group"),
        (replace(GOOD, version="2.0"), "WARN", "version"),
        (replace(GOOD, dispatcher=replace(ANSWER, ahead_s=-5.0)), "WARN", "clock"),
        (replace(GOOD, dispatcher=replace(ANSWER, ahead_s=None)), "WARN", "clock"),
        (replace(GOOD, dispatcher=replace(ANSWER, command=("x",))), "WARN", "supervision"),
        (replace(GOOD, config_error="line 3"), "FAIL", "configuration"),
        (replace(GOOD, dispatcher=replace(ANSWER, config_errors=("x",))), "FAIL", "configuration"),
        (replace(GOOD, set_aside=("job_1.meta.1",)), "WARN", "quarantine"),
        (replace(GOOD, dispatcher=replace(ANSWER, quarantined=("x",))), "WARN", "quarantine"),
        (replace(GOOD, dispatcher=replace(ANSWER, agents=())), "WARN", "agent"),
        (replace(GOOD, agent=replace(AGENT, place="/lib/versions/0.9")), "WARN", "agent"),
        (replace(GOOD, agent=replace(AGENT, trouble="others may write")), "FAIL", "agent"),
        (replace(GOOD, agent=replace(AGENT, starts_at_boot=())), "WARN", "agent at boot"),
        (replace(GOOD, starters=()), "WARN", "dispatcher at boot"),
    ],
)
def test_each_trouble_is_told_with_a_cure(service: Service, grade: str, what: str):
    assert bad(service) == [(grade, what)] or what == "group"
    found = next(v for v in judge(service) if v.what == what)
    assert found.grade.value == grade
    assert found.cure


def test_an_agent_that_does_not_run_matters_only_to_jobs_that_wait():
    none = replace(GOOD, agent=replace(AGENT, pid=None), dispatcher=replace(ANSWER, agents=()))
    assert bad(none) == []
    waiting = replace(none, dispatcher=replace(ANSWER, agents=(), agents_missing=("bob",)))
    assert bad(waiting) == [("WARN", "agent")]


def test_who_keeps_the_dispatcher_running_may_be_systemd_or_hidden():
    for answer in (replace(ANSWER, command=("x",), unit="a.service"), replace(ANSWER, command=())):
        assert bad(replace(GOOD, dispatcher=answer)) == []


def test_to_an_outsider_the_queue_is_closed_and_that_is_no_failure():
    stranger = replace(MEMBER, is_member=False, is_registered=False)
    verdicts = judge(replace(GOOD, caller=stranger, dispatcher=SILENT))
    assert [(v.grade.value, v.what) for v in verdicts] == [("WARN", "group")]
    assert "usermod -aG lab bob" in verdicts[0].cure


@pytest.mark.parametrize("who", ["is_admin", "is_root"])
def test_admin_and_root_need_no_group(who: str):
    caller = replace(MEMBER, is_member=False, is_registered=False, **{who: True})
    assert bad(replace(GOOD, caller=caller)) == []


def test_a_silent_dispatcher_alone_is_worth_another_try():
    verdicts = judge(replace(GOOD, dispatcher=SILENT))
    assert exit_code(verdicts) == 75
    assert bad(replace(GOOD, dispatcher=SILENT)) == [("FAIL", "dispatcher")]


def test_a_silent_dispatcher_beside_another_failure_is_not():
    assert exit_code(judge(replace(GOOD, dispatcher=SILENT, config_error="line 3"))) == 1


def test_somebody_elses_dispatcher_is_no_passing_trouble():
    verdicts = judge(replace(GOOD, dispatcher=replace(SILENT, is_lasting=True)))
    assert exit_code(verdicts) == 1


def test_a_dispatcher_that_lives_without_its_socket_is_no_passing_trouble():
    verdicts = judge(replace(GOOD, dispatcher=replace(SILENT, holder=99)))
    assert exit_code(verdicts) == 1
    assert "lives (pid 99)" in next(v for v in verdicts if v.what == "dispatcher").words
