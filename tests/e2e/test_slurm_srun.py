"""srun and salloc with a real queue: steps, streams, signals, terminals, and what is left."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Iterator

import pytest

from tests.e2e.rig import Site
from tests.e2e.terminals import Terminal
from tests.e2e.user import SYSTEM_PATH, User

SRUN, SALLOC = "slurm/srun", "slurm/salloc"
HOST = socket.gethostname().split(".")[0]


@pytest.fixture
def terminal(ann: User) -> Iterator[Terminal]:
    made = Terminal(ann)
    try:
        yield made
    finally:
        made.close()


def steps_of(site: Site, number: object, folder: str = "completed") -> list[str]:
    """The lines of a record about its steps."""
    record = json.loads((site.root / f"queue/{folder}/job_{number}.meta").read_text())
    return record["unit"]["state"].get("steps", [])


def submitted(site: Site, ann: User) -> str:
    """The number of the job that job.sh is; srun is on its PATH."""
    path = f"{site.bin}/slurm:{SYSTEM_PATH}"
    return ann.ok("slurm/sbatch", "--parsable", "job.sh", env={"PATH": path}).strip()


def newest(site: Site) -> int:
    return max(line["job"] for line in site.lines("--all"))


def test_outside_a_job_the_tasks_run_here_and_the_highest_code_counts(site: Site, ann: User):
    command = "read word; echo $SLURM_PROCID/$SLURM_NTASKS $word; exit $SLURM_PROCID"
    done = ann.run(SRUN, "-n3", "-l", "-Jx", "bash", "-c", command, stdin="typed\n")
    assert sorted(done.out.splitlines()) == [f"{n}: {n}/3 typed" for n in range(3)]
    # On a busy host it may wait a moment for its cores, and say so.
    assert sorted(line for line in done.err.splitlines() if " error: " in line) == [
        f"srun: error: {HOST}: task {n}: Exited with exit code {n}" for n in (1, 2)
    ]
    assert done.code == 2
    number = newest(site)
    line = site.until_state(number, "FAILED")
    assert (line["exit_code"], line["cpus"], line["name"]) == (2, 3, "x")
    (step,) = steps_of(site, number, "failed")
    assert re.match(r"0 from=\S+ tasks=3 cores=3 to=\S+ exit=2:0 .* name=x$", step)
    assert not site.runs(ann)


def test_inside_a_job_steps_share_its_cores_and_are_recorded(site: Site, ann: User):
    ann.script(
        "#SBATCH -n 2 -o o.txt\n"
        "srun -l bash -c 'echo $SLURM_STEP_ID' | sort\n"
        "srun -n1 --exact bash -c 'echo x >left; until [ -e right ]; do sleep 0.02; done' &\n"
        "srun -n1 --exact bash -c 'until [ -e left ]; do sleep 0.02; done; echo y >right' &\n"
        "wait\n"
        "srun -n3 true; echo rc=$?\n"
        "srun -n1 -o out.%j.%s.%t -J last bash -c 'kill -9 $$' 2>/dev/null; echo rc=$?\n"
    )
    number = submitted(site, ann)
    site.until_state(number, "COMPLETED")
    too_many = f"Unable to create step for job {number}: More processors requested than permitted"
    assert ann.read("o.txt").splitlines() == [
        *("0: 0", "1: 0", f"srun: error: {too_many}", "rc=1", "rc=137"),
    ]
    assert (ann.here / f"out.{number}.3.0").exists()
    ends = [re.sub(r".* (exit=\S+) .*(name=.*)", r"\1 \2", step) for step in steps_of(site, number)]
    assert ends == [*["exit=0:0 name=bash"] * 3, "exit=0:9 name=last"]


def test_steps_are_listed_signalled_and_ended_while_their_job_goes_on(site: Site, ann: User):
    trap = "trap 'echo got; exit 4' USR1; echo up; while :; do sleep 0.02; done"
    ann.file("step.sh", f"#!/bin/bash\n{trap}\n").chmod(0o755)
    ann.script("#SBATCH -o o.txt\nsrun ./step.sh; echo rc=$?\nsrun ./step.sh >two\necho rc=$?")
    number = submitted(site, ann)
    ann.until_file("o.txt", "up")
    site.until(lambda: f"{number}.0" in ann.ok("slurm/squeue", "-h", "-s"), "the step is listed")
    ann.ok("slurm/scancel", "-s", "USR1", f"{number}.0")
    ann.until_file("two", "up")
    site.until(lambda: f"{number}.1" in ann.ok("slurm/squeue", "-h", "-s"), "so is the next")
    ann.ok("slurm/scancel", f"{number}.1")
    site.until_state(number, "COMPLETED")
    said = ann.read("o.txt")
    assert "got\n" in said
    assert f"{HOST}: task 0: Exited with exit code 4\nrc=4\n" in said
    assert "srun: Job step aborted: Waiting up to " in said
    assert re.search(rf"slurmstepd: error: \*\*\* STEP {number}.1 ON {HOST} CANCELLED AT ", said)
    assert said.endswith(f"srun: error: {HOST}: task 0: Killed\nrc=137\n")


def test_a_step_from_elsewhere_ends_with_its_job(site: Site, ann: User):
    held = ann.run(SALLOC, "--no-shell", "-n2", "-J", "held")
    found = re.search(r"salloc: Granted job allocation (\d+)\n$", held.err)
    assert found is not None
    said = ann.ok(SRUN, f"--jobid={found[1]}", "-n2", "-l", "echo", "in")
    assert sorted(said.splitlines()) == ["0: in", "1: in"]
    with ann.start(SRUN, f"--jobid={found[1]}", "bash", "-c", "echo up; exec sleep 60") as step:
        assert step.stdout is not None
        assert step.stdout.readline() == "up\n"
        ann.ok("slurm/scancel", found[1])
        _, err = step.communicate(timeout=20)
    assert step.returncode == 128 + signal.SIGTERM
    assert "srun: Job step aborted: " in err
    site.until_state(found[1], "CANCELLED")


def test_whoever_kills_srun_kills_its_tasks(site: Site, ann: User):
    ann.script(
        "#SBATCH -o o.txt\n"
        "srun bash -c 'echo $$ >pid; exec sleep 60' & srun=$!\n"
        "until [ -s pid ]; do sleep 0.02; done\n"
        "kill -9 $srun; wait $srun 2>/dev/null; echo rc=$?\n"
        "while kill -0 $(cat pid) 2>/dev/null; do sleep 0.02; done\n"
        "srun echo next"
    )
    number = submitted(site, ann)
    site.until_state(number, "COMPLETED")
    assert ann.read("o.txt") == "rc=137\nnext\n"
    killed, _ = steps_of(site, number)
    assert " exit=0:9 " in killed


def test_a_program_in_a_terminal_of_its_own(site: Site, terminal: Terminal):
    shell = "test -t 0 -a -t 2 && stty size; read x; echo got $x; exit 3"
    terminal.type(f"stty rows 30 cols 90; {site.bin}/{SRUN} --pty bash -c '{shell}'; echo rc=$?\n")
    terminal.shows(r"30 90\n")
    terminal.type("words\n")
    terminal.shows(r"got words\n(.*\n)*rc=3\n")
    terminal.type("stty -a | grep -o ' icanon'\n")
    terminal.shows(r"\n icanon\n")


def test_ctrl_c_in_a_terminal(site: Site, terminal: Terminal):
    terminal.type(f"{site.bin}/{SRUN} bash -c 'test -t 1 || echo up; sleep 60'; echo rc=$?\n")
    terminal.shows(r"\nup\n")
    terminal.type("\x03")
    terminal.shows(r"srun: interrupt \(one more within 1 sec to abort\)\n")
    for _ in range(20):  # on a busy host more than a second may pass in between
        terminal.type("\x03")
        if "rc=" in terminal.shows(r"rc=130\n|one more within"):
            return
    raise AssertionError("it does not end")


def test_a_shell_with_cores(site: Site, terminal: Terminal):
    terminal.type(f"{site.bin}/{SALLOC} -n2 bash --norc\n")
    terminal.shows(r"salloc: Granted job allocation \d+\n")
    terminal.type(f"{site.bin}/{SRUN} -l echo in | sort; exit 5\n")
    terminal.shows(r"0: in\n1: in\n(.*\n)*salloc: Relinquishing job allocation \d+\n")
    terminal.type("echo rc=$?\n")
    terminal.shows(r"\nrc=5\n")


def test_whoever_waits_says_so_and_can_be_cancelled(site: Site, ann: User):
    ann.ok("slurm/sbatch", "--exclusive", "-o", "/dev/null", "--wrap=sleep 60")
    with ann.start(SRUN, "-J", "mine", "true") as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline().endswith(" queued and waiting for resources\n")
        ann.ok("slurm/scancel", "-n", "mine")
        assert "srun: Job has been cancelled\n" in waiting.stderr.read()
    assert waiting.returncode == 1
    ann.ok("slurm/scancel", "-n", "wrap")


def test_one_ctrl_c_ends_it_if_it_is_told_so_and_files_run_around_the_tasks(site: Site, ann: User):
    for name in ("before", "after"):
        ann.file(name, f"#!/bin/sh\necho {name} >>around\n").chmod(0o755)
    task = "trap '' INT; echo up; while :; do sleep 0.02; done"
    files = (f"--prolog={ann.here}/before", f"--epilog={ann.here}/after")
    with ann.start(SRUN, "--quit-on-interrupt", *files, "bash", "-c", task) as step:
        assert step.stdout is not None
        assert step.stdout.readline() == "up\n"
        step.send_signal(signal.SIGINT)
        err = step.communicate(timeout=20)[1]
    assert step.returncode != 0
    assert "one more within" not in err
    assert ann.read("around") == "before\nafter\n"
