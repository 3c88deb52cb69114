"""simple_slurm: sbatch, srun, squeue and scancel as a Python object."""

import subprocess
from pathlib import Path

from simple_slurm import Slurm
from stage import PARTITION, same, until


def _slurm(**more) -> Slurm:
    usual = {"partition": PARTITION, "mem": "150M", "time": "5", "job_name": "simple"}
    return Slurm(**{**usual, **more})


def _says(name: str, timeout_s: float = 60) -> str:
    path = Path(name)
    return until(lambda: path.exists() and path.read_text(), f"{name} holds something", timeout_s)


def _row(slurm: Slurm, job: int) -> dict[str, str]:
    slurm.squeue.update_squeue()
    return slurm.squeue.jobs.get(job, {})


def it_submits_lines_in_order():
    slurm = _slurm(output="lines-%j", cpus_per_task=2)
    slurm.add_cmd("x=$SLURM_CPUS_PER_TASK")
    job = slurm.sbatch("echo $x cores for $SLURM_JOB_NAME")
    same(_says(f"lines-{job}"), "2 cores for simple\n")


def it_names_files_of_an_array_by_the_variables_it_knows():
    pattern = f"{Slurm.JOB_ARRAY_MASTER_ID}.{Slurm.JOB_ARRAY_ID}"
    job = _slurm(array="2-8:3", output=pattern).sbatch(f"echo {Slurm.SLURM_ARRAY_TASK_ID}")
    same([_says(f"{job}.{number}").strip() for number in (2, 5, 8)], ["2", "5", "8"])


def it_makes_a_chain():
    first = _slurm(output="/dev/null").sbatch("sleep 1; exit 1")
    heals = {"afternotok": first}
    second = _slurm(output="healed", dependency=heals).sbatch("date +%s")
    _slurm(output="never", dependency={"afterok": first}, kill_on_invalid_dep="yes").sbatch("date")
    _slurm(output="last", dependency={"afterany": second}).sbatch("date +%s")
    assert int(_says("last")) >= int(_says("healed"))
    assert not Path("never").exists()


def it_runs_in_the_foreground_and_knows_the_exit_code():
    slurm = _slurm(ntasks=3, output="ranks-%t")
    same(slurm.srun("bash -c 'echo $SLURM_PROCID $SLURM_NTASKS'"), 0)
    same([_says(f"ranks-{rank}") for rank in range(3)], [f"{rank} 3\n" for rank in range(3)])
    try:
        _slurm().srun("bash -c 'exit 12'")
    except subprocess.CalledProcessError as error:
        same(error.returncode, 12)
    else:
        raise AssertionError("a failure went unnoticed")


def it_lists_holds_and_cancels():
    held = _slurm(hold=True, output="/dev/null")
    job = held.sbatch("true")
    same((_row(held, job)["ST"], _row(held, job)["NODELIST(REASON)"]), ("PD", "(JobHeldUser)"))
    later = _slurm(begin="now+1hour", output="/dev/null")
    other = later.sbatch("true")
    same(_row(later, other)["NODELIST(REASON)"], "(BeginTime)")
    for slurm, number in ((held, job), (later, other)):
        slurm.scancel.cancel_job(number)
        slurm.scancel.cancel_job(number)
        assert not _row(slurm, number)
