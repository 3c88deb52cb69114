"""parsl: apps in blocks that are jobs, more blocks and fewer, and how blocks end."""

import logging
import os
from pathlib import Path

import parsl
from parsl import bash_app, python_app
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.jobs.states import JobState
from parsl.launchers import SimpleLauncher, SrunLauncher
from parsl.providers import SlurmProvider
from stage import HERE, PARTITION, USER, same, shell, states, until

# What has ended leaves the queue within Slurm's KillWait.
_GONE_S = 45


def _provider(**more) -> SlurmProvider:
    usual = {
        "partition": PARTITION,
        "walltime": "00:05:00",
        "init_blocks": 1,
        "max_blocks": 2,
        "mem_per_node": 1,
        "cores_per_node": 2,
        "exclusive": False,
        "worker_init": f"export PATH={os.environ['PATH']}",
        "launcher": SimpleLauncher(),
    }
    provider = SlurmProvider(**{**usual, **more})
    provider.script_dir = str(HERE)
    return provider


def _end(provider: SlurmProvider, job: str) -> JobState:
    """How a block ended; one that is not listed yet is taken for completed by the client."""
    until(lambda: shell("sacct", "-X", "-n", "-o", "jobid", "-j", job), "the history knows it")
    ended = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED, JobState.TIMEOUT)

    def state() -> JobState | None:
        (found,) = provider.status([job])
        return found.state if found.state in ended else None

    return until(state, "the block has ended")


@python_app
def _halved(number: int) -> tuple[float, str]:
    import os

    return number / 2, os.environ["SLURM_JOB_ID"]


@bash_app
def _shouts(word: str, stdout: str | None = None, stderr: str | None = None) -> str:
    return f"echo {word}! on $SLURM_CPUS_ON_NODE; [ {word} != oh ] || exit 6"


@python_app
def _meets(left: tuple, right: tuple) -> float:
    return left[0] + right[0]


def it_runs_apps_in_blocks_that_come_and_go():
    parsl.set_stream_logger(level=logging.ERROR)
    executor = HighThroughputExecutor(
        label="blocks",
        address="127.0.0.1",
        loopback_address="127.0.0.1",
        max_workers_per_node=2,
        encrypted=False,
        provider=_provider(),
    )
    config = Config(executors=[executor], run_dir=str(HERE / "runinfo"), strategy="none")
    with parsl.load(config):
        blocks = executor.provider.resources
        first, second = _halved(10), _halved(20)
        same(_meets(first, second).result(120), 15)
        assert first.result()[1] in blocks
        same(_shouts("hey", stdout=str(HERE / "hey")).result(60), 0)
        assert (HERE / "hey").read_text().startswith("hey! on ")
        assert "6" in str(_shouts("oh").exception(60))
        executor.scale_out_facade(1)
        until(lambda: len(blocks) == 2, "there is a second block")
        until(lambda: len(executor.connected_managers()) == 2, "both blocks work")
        (number,) = [block for block in blocks if block != first.result()[1]]
        same(executor.provider.cancel([number]), [True])
        # The client takes a block that it cancelled itself for completed.
        until(lambda: states(number) == ["CANCELLED"], "the second block is cancelled")
    parsl.clear()

    def listed() -> str:
        return shell("squeue", "-h", "-u", USER, "-o", "%j")

    until(lambda: "parsl.blocks" not in listed(), "no block is left", _GONE_S)


def it_starts_a_command_on_every_task_by_srun():
    provider = _provider(launcher=SrunLauncher(), exclusive=True, cores_per_node=3)
    job = provider.submit("hostname", 3, "labelled")
    same(_end(provider, job), JobState.COMPLETED)
    text = Path(provider.resources[job]["job_stdout_path"]).read_text()
    same([f"{rank}: " in text for rank in range(3)], [True] * 3, text)


def it_knows_how_blocks_end():
    provider = _provider()
    good, bad = (provider.submit(f"exit {code}", 1, f"ends{code}") for code in (0, 9))
    same(_end(provider, good), JobState.COMPLETED)
    same(_end(provider, bad), JobState.FAILED)


def it_is_told_of_a_refusal():
    try:
        _provider(partition="nowhere").submit("true", 1, "refused")
    except parsl.providers.errors.SubmitException as error:
        assert "job ID" in str(error), error
    else:
        raise AssertionError("it was taken")
