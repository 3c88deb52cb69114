"""What srun and salloc are asked for, in a job and outside of one."""

from __future__ import annotations

import pytest

from tinysched.errors import VerbatimError
from tinysched.job.request import Request
from tinysched.script.grammar import REFUSED, STORED
from tinysched.script.slurm import allocations, steps
from tinysched.script.slurm.srun_options import SALLOC, SRUN, STEP_NAMES
from tinysched.script.submission import Settings, Submission

SETTINGS = Settings(max_array_index=1000, command="srun")
# What is stored or refused only with some values, and has tests of its own below.
ODD = {"cpu-bind", "distribution", "gres", "mem-bind", "threads", "tmp"}


def step(*argv: str, **variables: str) -> steps.Wants:
    wants = steps.read([*argv, "true"], variables)
    wants.check()
    return wants


def asked(command: str, *argv: str, **variables: str) -> Submission:
    return allocations.read(command, [*argv, "true", "-x"], variables, "/w", SETTINGS)


def job(command: str, *argv: str, **variables: str) -> Request:
    return asked(command, *argv, **variables).request


def refusal(*argv: str, **variables: str) -> tuple[str, int]:
    """Of a step."""
    with pytest.raises(VerbatimError) as refused:
        step(*argv, **variables)
    return refused.value.text, refused.value.exit_code


def no_job(command: str, *argv: str) -> tuple[str, int]:
    with pytest.raises(VerbatimError) as refused:
        job(command, *argv)
    return refused.value.text, refused.value.exit_code


def test_all_after_the_command_is_its_own():
    assert steps.read(["-n2", "ls", "-l", "--jobid=5"], {}).command == ["ls", "-l", "--jobid=5"]
    assert steps.read(["-n2", "--", "-l"], {}).command == ["-l"]
    assert job("salloc", "-n2").arguments == ("true", "-x")


def test_without_a_command_srun_has_nothing_to_do_and_salloc_runs_a_shell():
    with pytest.raises(VerbatimError) as refused:
        steps.read(["-n2"], {})
    assert refused.value.text == "srun: fatal: No command given to execute.\n"
    assert allocations.read("salloc", [], {}, "/w", SETTINGS).request.arguments == ()
    assert steps.read(["--mpi=list"], {}).asks_for_text


def test_there_are_no_jobs_of_several_parts():
    words = "Unable to allocate resources: Requested operation not supported on this system"
    with pytest.raises(VerbatimError) as refused:
        steps.read(["-n1", "a", ":", "-n1", "b"], {})
    assert refused.value.text == f"srun: error: {words}\n"
    with pytest.raises(VerbatimError) as refused:
        allocations.read("salloc", ["a", ":", "b"], {}, "/w", SETTINGS)
    assert refused.value.text.startswith("salloc: error: Job submit/allocate failed: Requested op")
    assert steps.read(["echo", ":"], {}).command == ["echo", ":"]


def test_a_step_has_as_many_tasks_as_its_job_unless_it_says_so():
    assert step().tasks == 1
    assert step(SLURM_NTASKS="3").tasks == 3
    assert step(SLURM_NPROCS="3").tasks == 3
    assert step("-n2", SLURM_NTASKS="3").tasks == 2
    assert step("--tasks-per-node=4").tasks == 4
    assert step("-n2", "--ntasks-per-node=4").tasks == 2


def test_who_names_cores_takes_no_others():
    assert not step("-n2").is_exact
    assert all(step(word).is_exact for word in ("--exact", "--exclusive", "-c2"))
    assert not step(SLURM_CPUS_PER_TASK="2").is_exact
    assert step(SRUN_CPUS_PER_TASK="2").is_exact


def test_what_ends_the_other_tasks():
    assert [step(word).kills_on_bad_exit for word in ("-K", "-K1", "-K0", "-l")] == [
        *(True, True, False, False)
    ]
    assert step(SLURM_KILL_BAD_EXIT="1").kills_on_bad_exit
    assert step("-W", "5").count("wait", least=0) == 5


def test_limit_and_memory_of_a_step():
    assert step("-t", "0:30").limit_s == 60
    assert step("-t", "0").limit_s is None
    assert step(SLURM_TIMELIMIT="5").limit_s is None  # it is the job's
    assert step("--mem=2G").memory_mib(3) == 2048
    assert step("--mem-per-cpu=100").memory_mib(3) == 300
    assert step(SLURM_MEM_PER_NODE="100").memory_mib(3) == 0


def test_a_switch_by_variable_can_be_off():
    assert step(SLURM_LABELIO="1").has("label")
    assert not step(SLURM_LABELIO="0").has("label")


@pytest.mark.parametrize(
    ("argv", "words", "code"),
    [
        (["-n", "0"], 'Invalid numeric value "0" for --ntasks.', 1),
        (["-n", "abc"], 'Invalid numeric value "abc" for --ntasks.', 1),
        (["-c", "x"], 'Invalid numeric value "x" for --cpus-per-task.', 1),
        (["-W", "x"], 'Invalid numeric value "x" for --wait.', 1),
        (["-T", "0"], 'Invalid numeric value "0" for --threads.', 1),
        (["--jobid=abc"], 'Invalid numeric value "abc" for --jobid.', 1),
        (["-Ix"], 'Invalid numeric value "x" for immediate.', 1),
        (["--mem=x"], "Invalid --mem specification", 255),
        (["--open-mode=x"], "Invalid --open-mode specification", 255),
        (["-N", "abc"], '"abc" is not a valid node count', 255),
        (["-N", "2"], "Only allocated 1 nodes asked for 2", 1),
        (["--mpi=pmix"], "--mpi=pmix is not supported: start MPI programs with mpirun", 1),
        (["--gpus=1"], "--gpus is not supported: this host's GPUs are not shared out", 1),
    ],
)
def test_what_no_step_can_have(argv: list[str], words: str, code: int):
    assert refusal(*argv) == (f"srun: error: {words}\n", code)


def test_a_kind_of_mpi_that_nobody_knows():
    text, code = refusal("--mpi=nosuch")
    assert (text.count("\n"), code) == (5, 1)
    assert text.endswith("Invalid MPI type 'nosuch', --mpi=list for acceptable types\n")
    assert step("--mpi=none").has("mpi")


def test_tasks_are_not_bound_to_cores():
    lacks = "srun: cluster configuration lacks support for cpu binding\n"
    assert step("--cpu-bind=q").warning == ""
    assert step("--cpu-bind=q,cores").warning == lacks
    assert step("--cpu-bind=v,map_cpu:0,1").warning == lacks
    text, code = refusal("--cpu-bind=foo")
    assert (text[: len(lacks)], code) == (lacks, 1)
    assert text.endswith('"foo"\nsrun: fatal: Failed to parse --cpu-bind= values.\n')


def test_the_step_that_a_job_was_made_for_leaves_place_and_time_to_it():
    wants = steps.read(["-t5", "-N1", "-wx", "--mem=1", "-I", "--exclusive", "-n2", "true"], {})
    wants.leave_to_job()
    assert wants.limit_s is None
    assert not any(wants.has(name) for name in ("nodes", "nodelist", "immediate", "exclusive"))
    assert wants.tasks == 2


def test_a_job_of_srun_is_named_after_its_program():
    assert job("srun").name == "true"
    assert allocations.read("srun", ["/bin/ls"], {}, "/w", SETTINGS).request.name == "ls"
    assert job("srun", SLURM_JOB_NAME="q").name == "q"
    assert job("srun", "-Jx", SLURM_JOB_NAME="q").name == "x"
    assert job("salloc").name == "interactive"
    assert (job("srun").command, job("salloc").command) == ("true", None)


def test_a_job_in_a_terminal_is_asked_for_as_others_are():
    asked_for = job("srun", "-n2", "-c3", "-t5", "-pshort", "--mem=300", "-D/d", "-Aacc")
    assert (asked_for.ntasks, asked_for.cpus_per_task, asked_for.cores) == (2, 3, 6)
    assert (asked_for.limit_s, asked_for.partition, asked_for.memory_mib) == (300, "short", 300)
    assert (asked_for.chdir, asked_for.account, asked_for.foreground) == ("/d", "acc", True)
    assert not asked_for.requeue
    assert job("srun", SLURM_NTASKS="2", SLURM_TIMELIMIT="7").limit_s == 420
    assert job("salloc", SALLOC_TIMELIMIT="7", SALLOC_PARTITION="short").partition == "short"
    assert job("salloc", SALLOC_NTASKS="2", SLURM_NTASKS="3").ntasks is None


def test_tasks_that_do_not_fit_on_their_hosts_by_so_many_each():
    found = asked("srun", "-N1", "-n2", "--ntasks-per-node=1")
    assert found.request.tasks_per_node is None
    assert found.warnings[0].startswith("Warning: can't honor --ntasks-per-node set to 1 which")
    assert asked("srun", "-N1", "-n2", "--ntasks-per-node=2").warnings == ()
    assert asked("salloc", "-N2", "-n1").warnings[0].startswith("Warning: can't run 1 processes")


def test_cores_that_nobody_sits_before():
    held = asked("salloc", "--no-shell")
    assert (held.request.foreground, held.request.arguments) == (False, ())
    assert held.request.output == "/dev/null"
    assert asked("srun", "--test-only").test_only


@pytest.mark.parametrize(
    ("command", "argv", "words", "code"),
    [
        ("srun", ["-t", "abc"], "Invalid --time specification", 255),
        ("salloc", ["-n", "0"], 'Invalid numeric value "0" for --ntasks.', 1),
        ("srun", ["--uid=0"], "--uid only permitted by root user", 255),
    ],
)
def test_refusals_come_under_the_name_of_the_command(
    command: str, argv: list[str], words: str, code: int
):
    assert no_job(command, *argv) == (f"{command}: error: {words}\n", code)


def test_unknown_options_are_answered_as_getopt_does():
    with pytest.raises(VerbatimError) as refused:
        job("salloc", "--pty")
    cure = 'Try "salloc --help" for more information\n'
    assert refused.value.text == f"salloc: unrecognized option '--pty'\n{cure}"
    text, code = refusal("--p")
    assert (text.count("'--p"), code) == (11, 255)


def words_of(name: str, takes: str) -> str:
    values = {
        "cpu-freq": "high",
        "gres-flags": "enforce-binding",
        "hint": "nomultithread",
        "kill-command": "TERM",
        "no-kill": "off",
        "profile": "none",
    }
    value = values.get(name, "1")
    return f"--{name}" if takes == "nothing" else f"--{name}={value}"


@pytest.mark.parametrize("command", ["srun", "salloc"])
def test_what_is_only_kept_is_taken_and_changes_nothing(command: str):
    table = SRUN if command == "srun" else SALLOC
    plain = job(command)
    for option in table:
        if option.disposition != STORED or option.name in ODD | {"time-min"}:
            continue
        found = job(command, words_of(option.name, option.takes))
        assert (found.cores, found.arguments) == (plain.cores, plain.arguments), option.name


def test_what_is_refused_of_a_step_is_refused_by_its_name():
    for option in SRUN:
        if option.disposition == REFUSED and option.name in STEP_NAMES:
            value = {"nothing": "", "optional": ""}.get(option.takes, "=1")
            text, code = refusal(f"--{option.name}{value}")
            assert text.startswith(f"srun: error: --{option.name} is not supported: ")
            assert code == 1


def test_what_a_step_is_told_by_variables_of_its_job_is_not_refused():
    assert step(SLURM_GPUS="1", SLURM_GRES="gpu:1", SLURM_CONSTRAINT="x").tasks == 1
