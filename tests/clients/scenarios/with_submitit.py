"""submitit: Python functions as jobs, arrays, ranks, errors, checkpoints."""

import time

import submitit
from stage import HERE, PARTITION, same, shell, until
from submitit.core.utils import FailedJobError, UncompletedJobError

# A requeued job may begin again after two minutes; meanwhile the others are played.
_interrupted: list[submitit.Job] = []


def _executor(**more) -> submitit.AutoExecutor:
    executor = submitit.AutoExecutor(folder=HERE / "submitit" / "%j", cluster="slurm")
    usual = {"timeout_min": 6, "mem_gb": 0.2, "cpus_per_task": 1, "slurm_partition": PARTITION}
    executor.update_parameters(**{**usual, **more})
    return executor


def _is(job: submitit.Job, state: str) -> bool:
    return job.watcher.get_state(job.job_id, mode="force").startswith(state)


def _power(number: int, exponent: int = 2) -> int:
    print(f"{number} to the power of {exponent}")
    return number**exponent


def _refuse() -> None:
    raise KeyError("no such thing")


def _place() -> tuple[int, int, int]:
    here = submitit.JobEnvironment()
    return here.global_rank, here.local_rank, here.num_tasks


class _Counts(submitit.helpers.Checkpointable):
    """Counts until it is interrupted; the second time it says how far it came."""

    def __init__(self) -> None:
        self.count = 0
        self.interrupted = False

    def __call__(self) -> int:
        while not self.interrupted:
            self.count += 1
            if self.count > 1:
                (submitit.JobEnvironment().paths.folder / "counting").touch()
            time.sleep(0.2)
        return self.count

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        self.interrupted = True
        return submitit.helpers.DelayedSubmission(self)


def it_is_interrupted_and_submits_itself_again():
    job = _executor().submit(_Counts())
    until(lambda: (job.paths.folder / "counting").exists(), "the function counts")
    shell("scancel", job.job_id, "--signal", "USR2")
    until(lambda: _is(job, "PENDING"), "it waits for its second time")
    _interrupted.append(job)


def it_gives_back_what_a_function_returned_and_printed():
    job = _executor().submit(_power, 5, exponent=3)
    same(job.result(), 125)
    assert "5 to the power of 3" in job.stdout()
    until(lambda: _is(job, "COMPLETED"), "the history knows that it completed")


def it_maps_a_function_as_an_array():
    jobs = _executor(slurm_array_parallelism=3).map_array(_power, range(5))
    same([job.result() for job in jobs], [0, 1, 4, 9, 16])
    same(len({job.job_id.partition("_")[0] for job in jobs}), 1)


def it_starts_a_function_once_for_each_task():
    job = _executor(tasks_per_node=3, mem_gb=0.6).submit(_place)
    same(sorted(job.results()), [(rank, rank, 3) for rank in range(3)])


def it_tells_what_a_function_raised():
    error = _executor().submit(_refuse).exception()
    assert isinstance(error, FailedJobError), repr(error)
    assert "no such thing" in str(error)


def it_waits_for_another_job_and_is_cancelled():
    first = _executor().submit(time.sleep, 300)
    behind = {"dependency": f"afterok:{first.job_id}"}
    second = _executor(slurm_additional_parameters=behind).submit(_power, 1)
    until(lambda: _is(first, "RUNNING"), "the first runs")
    assert _is(second, "PENDING")
    for job in (second, first):
        job.cancel()
    until(lambda: _is(first, "CANCELLED"), "the first is cancelled")
    until(first.done, "it is seen to be done")
    assert isinstance(first.exception(), UncompletedJobError)


def it_goes_on_where_a_checkpoint_left_it():
    (job,) = _interrupted
    assert job.result() > 1
