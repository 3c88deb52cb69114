"""Every directive and every promise about a job's files and environment, on real jobs."""

from __future__ import annotations

import os
import socket

import pytest

from tests.e2e.rig import Site
from tests.e2e.user import User

HOST = socket.gethostname().split(".")[0]
WAIT_FOR_GO = "while [ ! -e go ]; do sleep 0.02; done"


def test_every_directive_of_a_script_counts(site: Site, ann: User):
    ann.file("in.txt", "from a file\n")
    (ann.here / "sub").mkdir()
    ann.person.owns(ann.here / "sub")
    ann.file("sub/in.txt", "from a file\n")
    ann.script(
        """\
#SBATCH --job-name=many --cpus-per-task=2
#SBATCH --ntasks=2
#SBATCH --mem=2G
#SBATCH --time=0-00:05:00
#SBATCH --chdir=sub
#SBATCH --output=o_%x_%j.txt
#SBATCH --error "e %j.txt"
#SBATCH --input=in.txt
#SBATCH --comment='two words'  # a remark
#SBATCH --partition=night --qos=high --account=lab
#SBATCH --mail-type=END --mail-user=a@b.c --nodes=1
cat; pwd; echo "$SLURM_JOB_NAME $SLURM_CPUS_PER_TASK $SLURM_NTASKS $SLURM_CPUS_ON_NODE"
echo "$SLURM_MEM_PER_NODE $SLURM_JOB_PARTITION $SLURM_JOB_QOS $SLURM_JOB_ACCOUNT"
echo "$SLURM_SUBMIT_DIR" >&2"""
    )
    number = ann.submit("job.sh")
    line = site.completes(number)
    assert ann.read(f"sub/o_many_{number}.txt").splitlines() == [
        "from a file",
        f"{ann.here}/sub",
        "many 2 2 4",
        "2048 night high lab",
    ]
    assert ann.read(f"sub/e {number}.txt") == f"{ann.here}\n"
    assert (line["cpus"], line["limit_s"], line["memory_mib"]) == (4, 300, 2048)
    assert (line["partition"], line["qos"], line["comment"]) == ("night", "high", "two words")


def test_the_command_line_beats_variables_and_these_beat_directives(site: Site, ann: User):
    ann.script("#SBATCH -J directive -o d.out -t 1 -e none\necho $SLURM_JOB_NAME")
    variables = {"SBATCH_JOB_NAME": "variable", "SBATCH_OUTPUT": "v.out", "SBATCH_TIMELIMIT": "2"}
    number = ann.submit("-J", "typed", "job.sh", env=variables)
    assert site.completes(number)["limit_s"] == 120
    assert ann.read("v.out") == "typed\n"


@pytest.mark.parametrize(
    ("form", "seconds"),
    [
        ("2", 120),
        ("1:30", 90),
        ("1:02:03", 3723),
        ("1-2", 93600),
        ("1-2:3", 93780),
        ("1-2:3:4", 93784),
        ("UNLIMITED", None),
    ],
)
def test_every_form_of_time_is_read(form: str, seconds: int | None, site: Site, ann: User):
    assert site.job(ann.wrap("true", "-H", f"--time={form}"))["limit_s"] == seconds


@pytest.mark.parametrize(
    ("form", "mib"), [("300", 300), ("2048K", 2), ("300M", 300), ("2G", 2048), ("1T", 1 << 20)]
)
def test_every_form_of_memory_is_read(form: str, mib: int, site: Site, ann: User):
    assert site.job(ann.wrap("true", "-H", f"--mem={form}"))["memory_mib"] == mib


def test_names_of_output_files_know_their_letters(site: Site, ann: User):
    pattern = "%j.%4j.%A.%x.%u.%N.%%.%t.out"
    number = ann.wrap("true", "-J", "nm", "-o", pattern, "-e", "none")
    site.completes(number)
    expected = f"{number}.{number:04}.{number}.nm.{ann.name}.{HOST}.%.0.out"
    assert {path.name for path in ann.here.iterdir()} == {expected}
    array = ann.wrap("true", "-a", "5,7", "-o", "%A_%3a_%j.out", "-e", "none")
    lines = site.until_ended(array)
    names = {f"{array}_{line['task']:03}_{line['raw_id']}.out" for line in lines.values()}
    assert names < {path.name for path in ann.here.iterdir()}


def test_stdout_and_stderr_have_files_of_their_own_by_default(site: Site, ann: User):
    job, array = ann.wrap("echo o; echo e >&2"), ann.wrap("echo o; echo e >&2", "--array=2")
    site.completes(job)
    site.until_ended(array)
    for name in (str(job), f"{array}_2"):
        assert (ann.read(f"slurm-{name}.out"), ann.read(f"slurm-{name}.err")) == ("o\n", "e\n")


def test_one_file_for_both_streams_keeps_every_line(site: Site, ann: User):
    number = ann.wrap("for i in 1 2 3; do echo o$i; echo e$i >&2; done", "-o", "x", "-e", "x")
    site.completes(number)
    assert ann.read("x").split() == ["o1", "e1", "o2", "e2", "o3", "e3"]


def test_output_is_truncated_or_appended_as_asked(site: Site, ann: User):
    for mode, expected in (("truncate", "new\n"), ("append", "new\nnew\n")):
        site.completes(ann.wrap("echo new", "-o", "x", "-e", "none", f"--open-mode={mode}"))
        assert ann.read("x") == expected


@pytest.mark.parametrize(
    ("form", "tasks"),
    [
        ("1-4", {1, 2, 3, 4}),
        ("1,2,5", {1, 2, 5}),
        ("0-9:4", {0, 4, 8}),
        ("1-3,7,9-10%2", {1, 2, 3, 7, 9, 10}),
    ],
)
def test_every_form_of_array_runs_its_tasks(form: str, tasks: set[int], site: Site, ann: User):
    said = 'echo "$SLURM_ARRAY_JOB_ID $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_COUNT $SLURM_JOB_ID"'
    number = ann.wrap(said, f"--array={form}")
    lines = site.until_ended(number)
    assert {line["task"] for line in lines.values()} == tasks
    assert len({line["raw_id"] for line in lines.values()}) == len(tasks)
    for line in lines.values():
        assert line["state"] == "COMPLETED"
        assert ann.read(f"slurm-{number}_{line['task']}.out").split() == [
            str(number),
            str(line["task"]),
            str(len(tasks)),
            str(line["raw_id"]),
        ]


def test_no_more_tasks_run_at_once_than_the_array_allows(site: Site, ann: User):
    ann.script('echo "+1" >>books; sleep 0.05; echo "-1" >>books')
    number = ann.submit("--array=1-12%2", "job.sh")
    site.until(
        lambda: "JobArrayTaskLimit: 2 of 2" in ann.ok("tsqueue", "-j", number, "-t", "PD"),
        "the limit is named as the reason",
    )
    site.until_ended(number)
    taken = most = 0
    for change in ann.read("books").split():
        taken += int(change)
        most = max(most, taken)
    assert most == 2


def test_pending_tasks_beyond_twenty_share_a_line(site: Site, ann: User):
    number = ann.wrap("true", "-H", "--array=1-10000")
    rows = ann.ok("tsqueue", "-h", "-j", number).splitlines()
    assert [row.split()[0] for row in rows] == [
        *(f"{number}_{task}" for task in range(1, 21)),
        f"{number}_[21-10000]",
    ]
    assert len(ann.ok("tsqueue", "-h", "-r", "-j", number).splitlines()) == 10000


def test_a_job_sees_the_submitters_environment_as_it_is(site: Site, ann: User):
    value = "first line\nsecond 'line' $HOME \\ end"
    ann.file("say.sh", '#!/bin/bash\nprintf %s "$MULTI" >multi\nhail; echo "$PATH"\n')
    submit = 'hail() { echo "hail from a function"; }; export -f hail; tsbatch --parsable say.sh'
    path = f"/odd/place:{ann.environment()['PATH']}"
    number = int(ann.ok("bash", "-c", submit, env={"MULTI": value, "PATH": path}))
    site.completes(number)
    assert ann.read("multi") == value
    assert ann.read(f"slurm-{number}.out").splitlines() == ["hail from a function", path]


def test_a_job_sees_what_slurm_would_tell_it(site: Site, ann: User):
    number = ann.wrap("env", "-c", "3", "--mem=100", "-J", "told")
    site.completes(number)
    seen = dict(line.split("=", 1) for line in ann.read(f"slurm-{number}.out").splitlines())
    expected = {
        "SLURM_JOB_ID": str(number),
        "SLURM_JOBID": str(number),
        "SLURM_JOB_NAME": "told",
        "SLURM_CPUS_PER_TASK": "3",
        "SLURM_CPUS_ON_NODE": "3",
        "SLURM_MEM_PER_NODE": "100",
        "SLURM_SUBMIT_DIR": str(ann.here),
        "SLURM_SUBMIT_HOST": HOST,
        "SLURM_JOB_NODELIST": HOST,
        "SLURM_JOB_NUM_NODES": "1",
        "SLURMD_NODENAME": HOST,
        "SLURM_JOB_USER": ann.name,
        "SLURM_JOB_UID": str(ann.person.uid),
        "ENVIRONMENT": "BATCH",
        "HOME": str(ann.home),
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert "SLURM_ARRAY_TASK_ID" not in seen


def test_a_job_keeps_umask_limits_and_the_directory_by_its_own_name(site: Site, ann: User):
    (ann.here / "real").mkdir()
    ann.person.owns(ann.here / "real")
    (ann.here / "link").symlink_to("real")
    told = "umask; ulimit -Sn; pwd; /bin/pwd; echo $SLURM_SUBMIT_DIR"
    submit = f"cd link; umask 027; ulimit -Sn 77; tsbatch --parsable --wrap='{told}'"
    number = int(ann.ok("bash", "-c", submit))
    site.completes(number)
    output = ann.here / "real" / f"slurm-{number}.out"
    assert output.read_text().splitlines() == [
        "0027",
        "77",
        f"{ann.here}/link",
        f"{ann.here}/real",
        f"{ann.here}/real",
    ]
    assert output.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("form", "seen"),
    [
        ("ALL", {"ONE": "1", "TWO": "2"}),
        ("ALL,ONE=changed", {"ONE": "changed", "TWO": "2"}),
        ("ONE", {"ONE": "1"}),
        ("TWO,ONE=x y", {"ONE": "x y", "TWO": "2"}),
        ("NONE", {}),
    ],
)
def test_export_chooses_the_variables(form: str, seen: dict[str, str], site: Site, ann: User):
    command = 'echo "${ONE-unset}|${TWO-unset}|$SLURM_JOB_ID|${PATH:+path}"'
    number = ann.wrap(command, f"--export={form}", env={"ONE": "1", "TWO": "2"})
    site.completes(number)
    one, two = seen.get("ONE", "unset"), seen.get("TWO", "unset")
    assert ann.read(f"slurm-{number}.out") == f"{one}|{two}|{number}|path\n"


def test_scripts_come_from_stdin_and_take_arguments(site: Site, ann: User):
    number = ann.submit(stdin="#!/bin/bash\n#SBATCH -o x.out\necho $SLURM_JOB_NAME $0\n")
    site.completes(number)
    name, path = ann.read("x.out").split()
    assert (name, os.path.basename(path)) == ("tsbatch", "slurm_script")
    ann.script('printf "<%s>" "$@"')
    number = ann.submit("job.sh", "-J", "x", "", "two words")
    assert site.completes(number)["name"] == "job.sh"
    assert ann.read(f"slurm-{number}.out") == "<-J><x><><two words>"


def test_a_script_need_not_be_executable_and_may_be_in_any_language(site: Site, ann: User):
    ann.file("job.py", "#!/usr/bin/env python3\nimport sys\nprint('python', sys.argv[1:])\n")
    number = ann.submit("job.py", "a")
    site.completes(number)
    assert ann.read(f"slurm-{number}.out") == "python ['a']\n"


def test_what_is_done_to_a_script_after_its_submission_does_not_count(site: Site, ann: User):
    ann.script("echo before")
    number = ann.submit("--hold", "job.sh")
    ann.script("echo after")
    ann.ok("tscontrol", "release", number)
    site.completes(number)
    assert ann.read(f"slurm-{number}.out") == "before\n"


@pytest.mark.parametrize("option", ["-o", "-e", "-i"])
def test_a_file_that_cannot_be_opened_fails_the_job_and_says_why(
    option: str, site: Site, ann: User
):
    number = ann.wrap("touch ran", option, "missing/x")
    line = site.until_state(number, "FAILED")
    why = f"cannot open {ann.here}/missing/x: No such file or directory"
    assert (line["reason"], line["reason_words"]) == ("JobLaunchFailure", why)
    assert f"JobLaunchFailure: {why}" in ann.ok("tsqueue", "-j", number)
    assert why in str(site.record(number, "failed"))
    assert not (ann.here / "ran").exists()


def test_a_bad_interpreter_or_directory_fails_the_job_and_says_why(site: Site, ann: User):
    ann.file("odd.sh", "#!/no/such/shell\necho\n")
    line = site.until_state(ann.submit("odd.sh"), "FAILED")
    assert "/no/such/shell" in line["reason_words"]
    line = site.until_state(ann.wrap("true", "-D", "nowhere", "-o", "/dev/null"), "FAILED")
    assert "nowhere" in line["reason_words"]


@pytest.mark.parametrize(
    ("command", "state", "code", "signal"),
    [
        ("exit 0", "COMPLETED", 0, 0),
        ("exit 3", "FAILED", 3, 0),
        ("exit 300", "FAILED", 44, 0),
        ("kill -9 $$", "FAILED", 0, 9),
        ("sh -c 'kill -9 $$'", "FAILED", 137, 0),
    ],
)
def test_the_end_of_a_script_is_the_end_of_the_job(
    command: str, state: str, code: int, signal: int, site: Site, ann: User
):
    number = ann.wrap(command)
    line = site.until_state(number, state)
    assert (line["exit_code"], line["exit_signal"]) == (code, signal)
    folder = "completed" if state == "COMPLETED" else "failed"
    assert site.record(number, folder)["id"] == number


def test_a_job_that_does_not_fit_is_passed_by_one_that_does(site: Site, ann: User):
    runs = ann.wrap(WAIT_FOR_GO, "-c", "3")
    site.until_state(runs, "RUNNING")
    large, small = ann.wrap("true", "-c", "2"), ann.wrap("true")
    site.completes(small)
    assert site.job(large)["reason_words"] == "needs 2 cores, 1 free"
    too_large = ann.wrap("true", "-c", "9")
    assert site.job(too_large)["reason_words"] == "needs 9 cores, this queue has 4"
    ann.file("go", "")
    site.completes(large)
    assert site.job(too_large)["state"] == "PENDING"


def test_cancelling_one_element_leaves_the_others(site: Site, ann: User):
    number = ann.wrap(WAIT_FOR_GO, "--array=1-3")
    for task in (1, 2, 3):
        site.until_state(f"{number}_{task}", "RUNNING")
    ann.ok("tscancel", f"{number}_2")
    site.until_state(f"{number}_2", "CANCELLED")
    ann.file("go", "")
    states = [line["state"] for line in site.until_ended(number).values()]
    assert sorted(states) == ["CANCELLED", "COMPLETED", "COMPLETED"]
    assert site.record(number, "failed")["id"] == number
