"""How clients in a terminal speak of their jobs: texts and exit codes of srun and salloc."""

from __future__ import annotations

import signal

import pytest

from tinysched.errors import VerbatimError
from tinysched.job.model import Exit, JobId, RunId
from tinysched.job.runs import Cause, Ending
from tinysched.job.signals import Reach
from tinysched.programs.manners import Manners, of_slurm, run_job

RUN = RunId(job=JobId(number=42), attempt=1)
BUSY = "Requested nodes are busy"


def client(command: str, *argv: str) -> Manners:
    return of_slurm(command, [*argv, "true"], {b"SLURM_X": b"1", b"SALLOC_X": b"2", b"A": b"3"})


def over(cause: Cause = Cause.EXIT, code: int = 0, signum: int = 0) -> Ending:
    exit_ = None if cause is Cause.LAUNCH else Exit(code=code, signal=signum)
    return Ending(run=RUN, cause=cause, exit=exit_, started_at=1.0, ended_at=2.0, words="why")


def test_only_its_own_variables_go_with_a_request():
    assert client("srun").variables == [b"SLURM_X=1"]
    assert client("salloc").variables == [b"SALLOC_X=2"]


@pytest.mark.parametrize(
    ("why", "first"),
    [
        ("Resources: needs 2 cores, 0 free", []),
        ("JobHeldUser: x", ["Job is in held state, pending scheduler release"]),
        ("PartitionConfig", ["Requested partition configuration not available now"]),
        ("PartitionTimeLimit: x", ["Requested partition configuration not available now"]),
    ],
)
def test_waiting(why: str, first: list[str], capsys: pytest.CaptureFixture[str]):
    client("srun").waits("42", why)
    client("salloc").waits("42", why)
    queued = "job 42 queued and waiting for resources"
    assert capsys.readouterr().err.splitlines() == [
        *(f"srun: {line}" for line in (*first, queued)),
        *(f"salloc: {line}" for line in (*first, "Pending job allocation 42", queued)),
    ]


def test_beginning(capsys: pytest.CaptureFixture[str]):
    client("srun").begins("42", has_waited=False)
    client("srun").begins("42", has_waited=True)
    client("salloc", "--bell").begins("42", has_waited=True)
    client("salloc", "-Q").begins("42", has_waited=True)
    client("salloc", "--no-bell").begins("43", has_waited=False)
    assert capsys.readouterr().err == (
        "srun: job 42 has been allocated resources\n"
        "salloc: job 42 has been allocated resources\nsalloc: Granted job allocation 42\n\a"
        "salloc: Granted job allocation 43\n"
    )


@pytest.mark.parametrize(
    ("command", "word", "why", "words"),
    [
        ("srun", "-I", "Resources: x", f"Unable to allocate resources: {BUSY}"),
        ("srun", "-I5", "Resources: x", f"Unable to allocate resources: {BUSY}"),
        ("salloc", "-I", "Resources: x", f"Unable to allocate resources: {BUSY}"),
        ("salloc", "-I5", "Priority", "Unable to allocate resources: Connection timed out"),
        ("salloc", "-I", "JobHeldUser", "Job submit/allocate failed: Job dependency problem"),
        (
            *("srun", "-I", "PartitionConfig"),
            "Unable to allocate resources: Requested partition configuration not available now",
        ),
    ],
)
def test_giving_up(
    command: str, word: str, why: str, words: str, capsys: pytest.CaptureFixture[str]
):
    patient = client(command, word)
    assert patient.give_up_s == (5.0 if "5" in word else 1.0)
    if word == "-I":
        patient.waits("42", why)
    assert patient.gives_up(why) == 1
    assert capsys.readouterr().err == f"{command}: error: {words}\n"


def test_told_to_end_while_it_waits(capsys: pytest.CaptureFixture[str]):
    assert client("srun").interrupted("42", signal.SIGINT) == 1
    assert client("salloc").interrupted("42", signal.SIGINT) == 1
    assert run_job(["1", "no", "x"], "/").interrupted("42", signal.SIGINT) == 130
    assert capsys.readouterr().err == (
        "srun: Job allocation 42 has been revoked\nsrun: Force Terminated JobId=42\n"
        "salloc: Job aborted due to signal\n"
    )


def test_cancelled_while_it_waits(capsys: pytest.CaptureFixture[str]):
    assert client("srun").revoked("42") == client("salloc").revoked("42") == 1
    over_already = "Job/step already completing or completed"
    assert capsys.readouterr().err == (
        "srun: Job has been cancelled\n"
        f"srun: error: Unable to allocate resources: {over_already}\n"
        "salloc: Job allocation 42 has been revoked.\nsalloc: Job has been cancelled\n"
        f"salloc: error: Job submit/allocate failed: {over_already}\n"
    )


class Ward:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def signal(self, signum: int, reach: Reach = Reach.ALL) -> None:
        self.told.append((signum, reach))

    def stop(self, *, kill: bool, requeue: bool = False) -> None:
        self.told.append("stop")


def test_who_hears_what_a_client_is_told():
    heard = {}
    for command in ("srun", "salloc"):
        ward = Ward()
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            client(command).tells(signum, ward)  # type: ignore[arg-type]  # all of a ward it needs
        heard[command] = ward.told
    assert heard["srun"] == [(2, Reach.SCRIPT), (15, Reach.SCRIPT), (1, Reach.SCRIPT)]
    assert heard["salloc"] == ["stop", (1, Reach.ALL)]


def test_ends(capsys: pytest.CaptureFixture[str]):
    assert client("srun").ends("42", over(code=3)) == 3
    assert client("srun").ends("42", over(signum=9)) == 137
    assert client("srun").ends("42", over(Cause.CANCEL, signum=15)) == 143
    assert capsys.readouterr().err == ""
    assert client("salloc").ends("42", over(code=3)) == 3
    assert client("salloc").ends("42", over(signum=9)) == 0
    assert client("salloc").ends("42", over(Cause.CANCEL, signum=15)) == 0
    assert of_slurm("salloc", ["-n1", "./x"], {}).ends("42", over(Cause.LAUNCH)) == 1
    relinquished = "salloc: Relinquishing job allocation 42\n"
    assert capsys.readouterr().err == (
        f"{relinquished}{relinquished}salloc: Job allocation 42 has been revoked.\n"
        f'salloc: error: _fork_command: Unable to find command "./x"\n{relinquished}'
    )


@pytest.mark.parametrize(
    ("argv", "words", "code"),
    [
        (["-Ix"], 'Invalid numeric value "x" for immediate.', 1),
        (["-Kfoo"], "Invalid --kill-command specification", 255),
        (["-D/no/such"], None, 1),
    ],
)
def test_what_is_refused_before_anybody_is_asked(argv: list[str], words: str | None, code: int):
    with pytest.raises(VerbatimError) as refused:
        client("salloc", *argv)
    told = f"error: {words}" if words else "error: chdir(/no/such): No such file or directory"
    assert (refused.value.text, refused.value.exit_code) == (f"salloc: {told}\n", code)


def test_cores_without_a_shell_are_held_by_a_script():
    assert client("salloc", "--no-shell").script.startswith(b"#!/bin/sh\n")
    assert client("salloc").script == b""
