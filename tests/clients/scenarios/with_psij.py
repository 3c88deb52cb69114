"""psij-python: specifications of jobs, and their states as they change."""

from datetime import timedelta

import psij
from psij import Job, JobAttributes, JobExecutor, JobSpec, JobState, ResourceSpecV1
from psij.executors.batch.slurm import SlurmExecutorConfig
from stage import HERE, PARTITION, same

_CONFIG = SlurmExecutorConfig(
    work_directory=HERE / "psij", queue_polling_interval=1, initial_queue_polling_delay=1
)
_SLURM = JobExecutor.get_instance("slurm", config=_CONFIG)
_PATIENCE = timedelta(seconds=90)


def _job(command: str, queue: str = PARTITION, **more) -> Job:
    launcher = more.pop("launcher", None)
    attributes = JobAttributes(
        duration=timedelta(minutes=4),
        queue_name=queue,
        custom_attributes={"slurm.mem": "150M", "slurm.comment": "two words"},
    )
    defaults = {"resources": ResourceSpecV1(process_count=1), "directory": HERE}
    spec = JobSpec("/bin/bash", ["-c", command], attributes=attributes, **{**defaults, **more})
    if launcher:
        spec.launcher = launcher
    return Job(spec)


def _ends(job: Job) -> JobState:
    status = job.wait(timeout=_PATIENCE)
    assert status is not None, "no end was told"
    return status.state


def it_gives_a_job_its_input_and_environment():
    (HERE / "numbers").write_text("3\n4\n")
    job = _job(
        "echo $(paste -sd+) $UNIT",
        stdin_path=HERE / "numbers",
        stdout_path=HERE / "sum",
        environment={"UNIT": "light years"},
        name="adds",
    )
    _SLURM.submit(job)
    same(_ends(job), JobState.COMPLETED)
    same((HERE / "sum").read_text(), "3+4 light years\n")


def it_runs_what_comes_before_and_after():
    (HERE / "before.sh").write_text("export GREETING=hello\n")
    (HERE / "after.sh").write_text("echo over >last\n")
    job = _job(
        "echo $GREETING",
        stdout_path=HERE / "greeting",
        pre_launch=HERE / "before.sh",
        post_launch=HERE / "after.sh",
    )
    _SLURM.submit(job)
    same(_ends(job), JobState.COMPLETED)
    same((HERE / "greeting").read_text(), "hello\n")
    same((HERE / "last").read_text(), "over\n")


def it_starts_processes_by_srun():
    shape = ResourceSpecV1(node_count=1, processes_per_node=2, cpu_cores_per_process=2)
    words = "echo $SLURM_PROCID of $SLURM_NTASKS, $SLURM_CPUS_PER_TASK cores"
    job = _job(words, launcher="srun", resources=shape, stdout_path=HERE / "ranks")
    _SLURM.submit(job)
    same(_ends(job), JobState.COMPLETED)
    lines = sorted((HERE / "ranks").read_text().splitlines())
    same(lines, ["0 of 2, 2 cores", "1 of 2, 2 cores"])


def it_tells_queued_active_and_failed_with_the_exit_code():
    seen = []
    job = _job("sleep 3; exit 21")
    job.set_job_status_callback(lambda _, status: seen.append(status.state))
    _SLURM.submit(job)
    same(_ends(job), JobState.FAILED)
    same(job.status.exit_code, 21)
    assert seen[0] is JobState.QUEUED, seen
    assert JobState.ACTIVE in seen, seen


def it_cancels_what_runs_and_lists_what_is_there():
    job = _job("sleep 300")
    _SLURM.submit(job)
    job.wait(timeout=_PATIENCE, target_states=[JobState.ACTIVE])
    assert job.native_id in _SLURM.list()
    job.cancel()
    same(_ends(job), JobState.CANCELED)


def it_says_what_was_refused():
    try:
        _SLURM.submit(_job("true", queue="nowhere"))
    except psij.SubmitException as error:
        assert "nvalid partition" in str(error), error
    else:
        raise AssertionError("it was taken")
