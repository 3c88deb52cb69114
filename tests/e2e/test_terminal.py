"""run_job.sh at work: in a pipe, in a real terminal, and waiting for its cores."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.rig import Site
from tests.e2e.terminals import Terminal
from tests.e2e.user import User

WAIT_FOR_GO = "while [ ! -e go ]; do sleep 0.02; done"


@pytest.fixture
def terminal(ann: User) -> Iterator[Terminal]:
    """Somebody at a terminal."""
    made = Terminal(ann)
    try:
        yield made
    finally:
        made.close()


def has_started(site: Site, name: str) -> bool:
    """Whether a job of that name is known to run."""
    return any(line["started_at"] for line in site.lines("-n", name, "-t", "R"))


def test_a_command_runs_here_with_its_streams_its_cores_and_its_exit_code(site: Site, ann: User):
    command = "read word; echo $SLURM_JOB_ID $word $SLURM_CPUS_PER_TASK; echo bad >&2; exit 7"
    done = ann.run("run_job.sh", "2", "no", "bash", "-c", command, stdin="typed\n")
    number, _, said = done.out.partition(" ")
    assert (done.code, said, done.err) == (7, "typed 2\n", "bad\n")
    line = site.job(number)
    assert (line["state"], line["exit_code"], line["cpus"]) == ("FAILED", 7, 2)
    assert not site.runs(ann)


@pytest.mark.parametrize(
    ("command", "code"),
    [(["true"], 0), (["sh", "-c", "kill -9 $$"], 137), (["no-such-command"], 127)],
)
def test_the_end_of_the_command_is_told_as_a_shell_would(
    command: list[str], code: int, site: Site, ann: User
):
    assert ann.run("run_job.sh", "1", "no", *command).code == code


def test_it_waits_for_cores_saying_for_what(site: Site, ann: User):
    number = ann.wrap(WAIT_FOR_GO, "-c", "3")
    site.until_state(number, "RUNNING")
    with ann.start("run_job.sh", "2", "no", "echo", "had its turn") as waiting:
        assert waiting.stderr is not None
        said = waiting.stderr.readline()
        assert re.fullmatch(
            r"run_job.sh: job \d+ waits for Resources: needs 2 cores, 1 free\n", said
        )
        ann.file("go", "")
        assert waiting.communicate(timeout=20)[0] == "had its turn\n"
    assert waiting.returncode == 0


def test_yes_takes_all_cores(site: Site, ann: User):
    with ann.start("run_job.sh", "1", "yes", "sh", "-c", f"echo >up; {WAIT_FOR_GO}") as whole:
        ann.until_file("up")
        number = ann.wrap("true")
        assert site.job(number)["reason_words"] == "needs 1 core, 0 free"
        assert b"4 of 4 taken" in site.ask("status").out
        ann.file("go", "")
        assert whole.wait(20) == 0
    site.completes(number)


def test_who_gives_up_waiting_leaves_nothing_in_the_queue(site: Site, ann: User):
    number = ann.wrap("sleep 60", "-c", "4")
    site.until_state(number, "RUNNING")
    with ann.start("run_job.sh", "1", "no", "touch", "ran") as waiting:
        assert waiting.stderr is not None
        assert "waits for" in waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(20) == 128 + signal.SIGINT
    site.until(lambda: not site.lines("-t", "PENDING", "-n", "touch"), "nothing waits")
    ann.ok("tscancel", number)
    site.until_state(number, "CANCELLED")
    assert not (ann.here / "ran").exists()


def test_signals_are_passed_on_to_the_command(site: Site, ann: User):
    trap = "trap 'echo heard; exit 9' TERM; echo >up; while :; do sleep 0.02; done"
    with ann.start("run_job.sh", "1", "no", "bash", "-c", trap) as client:
        ann.until_file("up")
        client.send_signal(signal.SIGTERM)
        out, _ = client.communicate(timeout=20)
    assert (client.returncode, out) == (9, "heard\n")


def test_a_foreground_job_can_be_cancelled_from_elsewhere(site: Site, ann: User):
    with ann.start("run_job.sh", "1", "no", "sleep", "60") as client:
        site.until(lambda: has_started(site, "sleep"), "it runs")
        ann.ok("tscancel", "-n", "sleep")
        assert client.wait(20) == 128 + signal.SIGTERM
    (line,) = site.lines("--all", "-n", "sleep", "-t", "CANCELLED", "-u", ann.name)
    assert line["reason"] == "Cancelled"


@pytest.mark.crash
def test_the_command_ends_with_its_client_and_its_cores_are_free_again(site: Site, ann: User):
    with ann.start(
        "run_job.sh", "3", "no", "sh", "-c", "echo >up; sleep 60", stderr=subprocess.DEVNULL
    ) as client:
        ann.until_file("up")
        client.kill()
    site.until(lambda: not site.lines("-n", "sh", "-t", "R,CG"), "it has ended")
    site.until(lambda: not site.strays(), "nothing of it is left")
    assert b"0 of 4 taken" in site.ask("status").out


def test_ctrl_c_reaches_the_command_and_not_the_shell(ann: User, terminal: Terminal):
    ann.file("trap.sh", "trap 'echo caught; exit 5' INT\necho up\nwhile :; do sleep 0.02; done\n")
    terminal.type("run_job.sh 1 no bash trap.sh; echo code=$?\n")
    terminal.shows(r"(?m)^up$")
    terminal.type("\x03")
    terminal.shows(r"caught\ncode=5\nready> ")
    terminal.type("run_job.sh 1 no sleep 60; echo code=$?\n")
    ann.site.until(lambda: has_started(ann.site, "sleep"), "it has started")
    terminal.type("\x03")
    terminal.shows(r"code=130\nready> |\nready> ")
    terminal.type("echo shell lives\n")
    terminal.shows(r"(?m)^shell lives$")


def test_ctrl_z_stops_the_job_and_fg_lets_it_go_on(ann: User, terminal: Terminal):
    ann.file("loop.sh", f"echo up\n{WAIT_FOR_GO}\necho done\nexit 4\n")
    terminal.type("run_job.sh 1 no bash loop.sh\n")
    terminal.shows(r"(?m)^up$")
    terminal.type("\x1a")
    terminal.shows(r"Stopped.*run_job.sh.*\n(.*\n)*ready> ")
    ann.file("go", "")
    terminal.type("jobs\n")
    assert "done" not in terminal.shows(r"Stopped.*\nready> ")
    terminal.type("fg\n")
    terminal.shows(r"(?m)^done\nready> ")
    terminal.type("echo code=$?\n")
    terminal.shows(r"(?m)^code=4$")


def test_the_command_reads_from_the_terminal(terminal: Terminal):
    terminal.type("run_job.sh 1 no bash -c 'read -p name: x; echo hello $x; test -t 0; echo $?'\n")
    terminal.shows(r"\nname:|^name:")
    terminal.type("world\n")
    terminal.shows(r"hello world\n0\nready> ")
