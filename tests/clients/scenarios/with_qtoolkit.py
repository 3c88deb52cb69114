"""qtoolkit: jobs of a queue as values."""

from datetime import timedelta
from pathlib import Path

from qtoolkit import QResources
from qtoolkit.core.data_objects import CancelStatus, ProcessPlacement, QState, SubmissionStatus
from qtoolkit.host.local import LocalHost
from qtoolkit.io.slurm import SlurmIO
from qtoolkit.manager import QueueManager
from stage import HERE, PARTITION, USER, same, until

_QUEUE = QueueManager(SlurmIO(), LocalHost())


def _submit(name: str, command: str, queue: str = PARTITION, **more):
    asks = {
        "queue_name": queue,
        "memory_per_thread": 120,
        "processes": 1,
        "time_limit": timedelta(minutes=7),
        "job_name": name,
        "output_filepath": f"{name}.out",
        "error_filepath": f"{name}.err",
        "process_placement": ProcessPlacement.NO_CONSTRAINTS,
    }
    return _QUEUE.submit(
        commands=[command],
        options=QResources(**{**asks, **more}),
        work_dir=str(HERE),
        script_fname=f"{name}.sh",
    )


def _taken(*words: str, **more) -> str:
    result = _submit(*words, **more)
    assert result.status is SubmissionStatus.SUCCESSFUL, result
    return result.job_id


def _reaches(job: str, state: QState):
    def there():
        found = _QUEUE.get_job(job)
        return found if found and found.state is state else None

    return until(there, f"{job} is {state}")


def it_gives_processes_threads_and_memory():
    shape = {"processes": 2, "threads_per_process": 2}
    words = "echo $SLURM_NTASKS $SLURM_CPUS_PER_TASK $SLURM_MEM_PER_CPU"
    job = _taken("shaped", words, **shape)
    found = _reaches(job, QState.DONE)
    same(Path("shaped.out").read_text(), "2 2 120\n")
    info = found.info
    same((info.nodes, info.cpus, info.threads_per_process, info.time_limit), (1, 4, 2, 420))
    same((found.name, found.queue_name), ("shaped", PARTITION))


def it_follows_jobs_until_they_are_cancelled():
    running, waiting = _taken("runs", "sleep 200"), _taken("waits", "true", priority=None)
    _reaches(running, QState.RUNNING)
    listed = {job.job_id: job for job in _QUEUE.get_jobs_list(user=USER)}
    same(listed[running].state, QState.RUNNING)
    same(listed[running].username, USER)
    both = _QUEUE.get_jobs_list(jobs=[running, waiting])
    assert running in [job.job_id for job in both]
    told = _QUEUE.cancel(running)
    assert (told.status, told.job_id) == (CancelStatus.SUCCESSFUL, running), told
    until(lambda: _QUEUE.get_job(running).sub_state.value == "CANCELLED", "it is cancelled")


def it_knows_a_failure_an_unknown_job_and_a_refusal():
    _reaches(_taken("fails", "exit 8"), QState.FAILED)
    assert _QUEUE.get_job("87654321") is None
    refused = _submit("refused", "true", "nowhere")
    same(refused.status, SubmissionStatus.FAILED)
    assert "sbatch: error" in refused.stderr
