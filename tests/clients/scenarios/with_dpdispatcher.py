"""dpdispatcher: tasks in groups of jobs, brought back when they have ended."""

from pathlib import Path

from dpdispatcher import Machine, Resources, Submission, Task
from stage import HERE, PARTITION, USER, same, shell, until


def _submission(name: str, commands: list[str], kind: str = "Slurm", group: int = 1) -> Submission:
    Path("remote").mkdir(exist_ok=True)
    machine = {
        "batch_type": kind,
        "context_type": "LocalContext",
        "local_root": str(HERE / "local"),
        "remote_root": str(HERE / "remote"),
    }
    resources = {
        "number_node": 1,
        "cpu_per_node": 1,
        "gpu_per_node": 0,
        "queue_name": PARTITION,
        "group_size": group,
        "custom_flags": ["#SBATCH --mem=150M", "#SBATCH --time=5", f"#SBATCH -J {name}"],
    }
    tasks = []
    for number, command in enumerate(commands):
        place = HERE / "local" / name / str(number)
        place.mkdir(parents=True)
        (place / "question").write_text(f"{number}\n")
        lists = {"forward_files": ["question"], "backward_files": ["answer"]}
        tasks.append(Task(command=command, task_work_path=f"{number}/", **lists))
    return Submission(
        work_base=name,
        machine=Machine.load_from_dict(machine),
        resources=Resources.load_from_dict(resources),
        task_list=tasks,
    )


def _answers(name: str, count: int) -> list[str]:
    return [(HERE / "local" / name / str(n) / "answer").read_text().strip() for n in range(count)]


def it_brings_back_what_tasks_made():
    asks = "expr 10 + $(cat question) >answer"
    _submission("sums", [asks] * 5, group=2).run_submission(check_interval=1)
    same(_answers("sums", 5), ["10", "11", "12", "13", "14"])


def it_submits_again_what_failed():
    first_fails = "[ -e seen ] && echo later >answer || { touch seen; false; }"
    _submission("again", [first_fails]).run_submission(check_interval=1)
    same(_answers("again", 1), ["later"])


def it_makes_an_array_of_a_group():
    asks = "echo $SLURM_ARRAY_TASK_ID >answer; sleep 1"
    submission = _submission("array", [asks] * 3, kind="SlurmJobArray", group=3)
    submission.run_submission(check_interval=1)
    same(sorted(_answers("array", 3)), ["0", "1", "2"])


def it_kills():
    submission = _submission("endless", ["sleep 250; touch answer"])
    submission.run_submission(exit_on_submit=True, clean=False)

    def listed(state: str) -> str:
        return shell("squeue", "-h", "-u", USER, "-n", "endless", "-t", state, "-o", "%i")

    until(lambda: listed("R"), "it runs")
    for job in submission.belonging_jobs:
        submission.machine.kill(job)
    until(lambda: not listed("PD,R,CG"), "it has ended", 45)
