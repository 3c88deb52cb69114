"""tsagent: what it shows, starts, replaces, ends, and leaves behind for the next boot."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.namespace import Host
from tests.e2e.people import SEVERAL_USERS, is_alive
from tests.e2e.rig import Site
from tests.e2e.user import SYSTEM_PATH, User

LOG = 'echo "$(basename "$0") $*" >>"$HOME/calls"\n'
SYSTEMCTL = LOG
NO_SYSTEMCTL = LOG + "echo 'Failed to connect to bus: No medium found' >&2; exit 1\n"
LOGINCTL = (
    LOG
    + """\
case $1 in
    show-user) echo "Linger=$(cat "$HOME/linger" 2>/dev/null || echo no)" ;;
    enable-linger) echo yes >"$HOME/linger" ;;
    disable-linger) echo no >"$HOME/linger" ;;
esac
"""
)
NO_LOGINCTL = LOG + "echo 'Could not enable linger: Access denied' >&2; exit 1\n"
CRONTAB = (
    LOG
    + """\
case $1 in
    -l) cat "$HOME/crontab" 2>/dev/null || { echo "no crontab for me" >&2; exit 1; } ;;
    -r) rm "$HOME/crontab" ;;
    *) cat >"$HOME/crontab" ;;
esac
"""
)
NO_CRONTAB = LOG + (
    "echo 'You (ann) are not allowed to use this program (crontab)' >&2\n"
    "echo 'See crontab(1) for more information' >&2; exit 1\n"
)
THEIRS = (
    '# m h  dom mon dow   command\nMAILTO=""\n\n5 4 * * *  date +\\%s >> ~/x\t# mine \n@reboot a\n'
)


@pytest.fixture
def site(own_site: Site) -> Site:
    """Each test has an agent of its own."""
    return own_site


@pytest.fixture
def ann(site: Site) -> User:
    return site.ann.move()


def stand_ins(user: User, **scripts: str) -> dict[str, str]:
    """The variables of a shell in which these commands are found first."""
    folder = user.here / "stand-ins"
    folder.mkdir()
    for name, text in scripts.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(0o755)
    return {"PATH": f"{folder}:{user.site.bin}:{SYSTEM_PATH}"}


def state_of(user: User) -> dict[str, object]:
    done = user.run("tsagent", "status", "--json")
    found = json.loads(done.out)
    assert done.code == (3 if found["state"] == "not running" else 0)
    return dict(found)


def a_running_job(user: User) -> int:
    number = user.wrap("while [ ! -e go ]; do sleep 0.02; done; exit 5")
    user.site.until_state(number, "RUNNING")
    return number


# Looking


def test_status_tells_that_there_is_none_and_exits_3(site: Site, ann: User):
    done = ann.run("tsagent", "status")
    assert (done.code, done.err) == (3, "")
    assert "state:     not running\n" in done.out
    assert f"root:      {site.root}\n" in done.out
    assert "at boot:   no: 'tsagent enable' arranges it\n" in done.out
    assert state_of(ann)["connected"] is False


def test_status_tells_of_the_agent_its_jobs_and_its_dispatcher(site: Site, ann: User):
    number = a_running_job(ann)
    found = state_of(ann)
    assert found["pid"] == site.agent_pid()
    assert found["jobs"] == [str(number)]
    assert found["connected"] is True
    assert abs(float(str(found["since"])) - Path(f"/proc/{found['pid']}").stat().st_mtime) < 10
    text = ann.ok("tsagent", "status")
    for words in ("state:     running\n", "connected: yes\n", f"jobs:      {number}\n"):
        assert words in text
    site.kill_dispatcher()
    assert "connected: no: no dispatcher answers\n" in ann.ok("tsagent", "status")
    site.start()


# Starting, ending, replacing


def test_start_starts_one_and_a_second_start_says_that_it_runs(site: Site, ann: User):
    first = ann.ok("tsagent", "start")
    assert first == f"started (pid {site.agent_pid()})\n"
    assert ann.ok("tsagent", "start") == f"already running (pid {site.agent_pid()})\n"


def test_stop_ends_it_and_says_what_becomes_of_waiting_jobs(site: Site, ann: User):
    held = ann.wrap("true", "--hold")
    site.until(lambda: site.agent_pid(), "there is an agent")
    agent = site.agent_pid()
    said = ann.ok("tsagent", "stop")
    assert said.startswith(f"stopped (pid {agent}); your waiting jobs start when an agent runs")
    assert not is_alive(agent or 0)
    assert ann.ok("tsagent", "stop") == "your agent was not running\n"
    ann.ok("tscontrol", "release", held)  # starts another one
    site.completes(held)


def test_stop_is_refused_while_a_job_runs_and_names_what_to_do(site: Site, ann: User):
    number = a_running_job(ann)
    agent = site.agent_pid()
    done = ann.run("tsagent", "stop")
    assert done.code == 1
    assert f"cannot stop your agent: jobs of yours run ({number})" in done.err
    assert "'tsagent restart'" in done.err
    assert site.agent_pid() == agent
    ann.file("go", "")
    assert site.until_state(number, "FAILED")["exit_code"] == 5


def test_restart_replaces_it_while_jobs_go_on(site: Site, ann: User):
    number = a_running_job(ann)
    for _ in range(3):
        before = site.agent_pid()
        said = ann.ok("tsagent", "restart")
        assert said == f"restarted (pid {site.agent_pid()}); running jobs go on\n"
        assert site.agent_pid() not in (None, before)
        # Not one of those that the job's worker may have started when the former one was gone.
        assert ann.person.uid == Path(f"/proc/{site.agent_pid()}").stat().st_uid
        assert b"--replace" in Path(f"/proc/{site.agent_pid()}/cmdline").read_bytes()
    ann.file("go", "")
    assert site.until_state(number, "FAILED")["exit_code"] == 5


def test_restart_replaces_an_agent_that_does_not_answer(site: Site, ann: User):
    ann.ok("tsagent", "start")
    agent = site.agent_pid() or 0
    os.kill(agent, signal.SIGSTOP)
    ann.ok("tsagent", "restart")
    assert not is_alive(agent)
    site.completes(ann.wrap("true"))


def test_restart_without_an_agent_starts_one(site: Site, ann: User):
    assert ann.ok("tsagent", "restart").startswith("started (pid ")
    assert site.agent_pid() is not None


@pytest.mark.parametrize("words", [["begin"], ["start", "--now"], ["status", "extra"]])
def test_what_is_no_command_line_is_wrong_usage(ann: User, words: list[str]):
    done = ann.run("tsagent", *words)
    assert done.code == 2
    assert done.err.startswith("tsagent: error: cannot read the command line: ")


# The next boot


def test_enable_prefers_systemd_and_disable_takes_exactly_that_away(site: Site, ann: User):
    shell = stand_ins(ann, systemctl=SYSTEMCTL, loginctl=LOGINCTL, crontab=CRONTAB)
    said = ann.ok("tsagent", "enable", env=shell)
    assert "systemd starts your agent at boot (lingering is on): " in said
    unit = Path(said.rpartition(": ")[2].strip())
    assert unit.parent == ann.home / ".config" / "systemd" / "user"
    lines = unit.read_text().splitlines()
    assert f'ExecStart=/usr/bin/env "TJS_ROOT={site.root}" "{site.bin}/tinysched" agent' in lines
    assert {"KillMode=process", "WantedBy=default.target"} <= set(lines)
    assert ann.ok("cat", ann.home / "linger") == "yes\n"
    assert f"systemctl --user enable {unit.name}" in (ann.home / "calls").read_text()
    assert "at boot:   yes, by systemd\n" in ann.run("tsagent", "status", env=shell).out
    assert ann.ok("tsagent", "enable", env=shell) == said
    ann.ok("tsagent", "disable", env=shell)
    assert not unit.exists()
    assert f"systemctl --user disable {unit.name}" in (ann.home / "calls").read_text()
    assert ann.ok("cat", ann.home / "linger") == "no\n"
    assert not (ann.home / "crontab").exists()
    assert ann.ok("tsagent", "disable", env=shell) == "it was not enabled\n"


def test_lingering_that_was_on_before_stays_on(ann: User):
    shell = stand_ins(ann, systemctl=SYSTEMCTL, loginctl=LOGINCTL, crontab=CRONTAB)
    (ann.home / "linger").write_text("yes\n")
    ann.ok("tsagent", "enable", env=shell)
    ann.ok("tsagent", "disable", env=shell)
    assert "disable-linger" not in (ann.home / "calls").read_text()


def test_lingering_stays_on_while_another_root_needs_it(ann: User):
    shell = stand_ins(ann, systemctl=SYSTEMCTL, loginctl=LOGINCTL, crontab=CRONTAB)
    other = {**shell, "TJS_ROOT": "/somewhere/else"}
    ann.ok("tsagent", "enable", env=shell)
    ann.ok("tsagent", "enable", env=other)
    ann.ok("tsagent", "disable", env=shell)
    assert "disable-linger" not in (ann.home / "calls").read_text()
    ann.ok("tsagent", "disable", env=other)
    assert "disable-linger" in (ann.home / "calls").read_text()


def test_where_lingering_is_refused_cron_is_asked_and_no_unit_is_left(site: Site, ann: User):
    shell = stand_ins(ann, systemctl=SYSTEMCTL, loginctl=NO_LOGINCTL, crontab=CRONTAB)
    ann.file("theirs", THEIRS)
    shutil.copy(ann.here / "theirs", ann.home / "crontab")
    ann.person.owns(ann.home / "crontab")
    said = ann.ok("tsagent", "enable", env=shell)
    assert "cron starts your agent at boot ('loginctl enable-linger' fails: Could not" in said
    assert list((ann.home / ".config" / "systemd" / "user").iterdir()) == []
    text = (ann.home / "crontab").read_text()
    assert text.startswith(THEIRS)
    line = f"@reboot /usr/bin/env TJS_ROOT={site.root} {site.bin}/tsagent start --at-boot"
    assert text.removeprefix(THEIRS).splitlines()[1:] == [line]
    assert "at boot:   yes, by cron\n" in ann.run("tsagent", "status", env=shell).out
    ann.ok("tsagent", "enable", env=shell)
    assert (ann.home / "crontab").read_text() == text
    ann.ok("tsagent", "disable", env=shell)
    assert (ann.home / "crontab").read_text() == THEIRS


def test_where_neither_serves_enable_says_why_and_what_to_ask_for(ann: User):
    shell = stand_ins(ann, systemctl=NO_SYSTEMCTL, loginctl=LOGINCTL, crontab=NO_CRONTAB)
    done = ann.run("tsagent", "enable", env=shell)
    assert done.code == 1
    assert "'systemctl --user show' fails: Failed to connect to bus: No medium found" in done.err
    assert "crontab refuses: You (ann) are not allowed to use this program (crontab)" in done.err
    assert "/etc/cron.allow" in done.err


@pytest.fixture
def host(site: Site) -> Iterator[Host]:
    """This host with accounts for the queue's users, as only they see it."""
    made = Host(site)
    yield made
    made.close()


@SEVERAL_USERS
@pytest.mark.parametrize("theirs", [THEIRS, ""], ids=["with lines", "without"])
def test_cron_itself_takes_the_line_and_gives_the_users_own_back(
    host: Host, ann: User, theirs: str
):
    shell = stand_ins(ann, systemctl=NO_SYSTEMCTL)
    if theirs:
        host.ok(ann, "crontab", "-", stdin=theirs)
    assert "cron starts your agent at boot" in host.ok(ann, "tsagent", "enable", env=shell)
    listed = host.ok(ann, "crontab", "-l")
    assert listed.startswith(theirs)
    assert listed.count("@reboot /usr/bin/env") == 1
    host.ok(ann, "tsagent", "disable", env=shell)
    left = host.run(ann, "crontab", "-l")
    assert left.out == theirs
    assert (left.code == 0) == bool(theirs)


@SEVERAL_USERS
def test_cron_starts_the_agent_at_boot_and_waiting_jobs_run(host: Host, site: Site, ann: User):
    shell = stand_ins(ann, systemctl=NO_SYSTEMCTL)
    host.ok(ann, "tsagent", "enable", env=shell)
    number = ann.wrap("true", "--hold")
    site.until(lambda: site.agent_pid(), "there is an agent")
    ann.ok("tsagent", "stop")
    site.admin.ok("tscontrol", "release", number)  # not ann: she is away
    assert site.job(number)["state"] == "PENDING"
    with host.cron():
        site.completes(number)
    assert site.agent_pid() is not None
