"""Each command at work: what it does, what it refuses and how it says so."""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.people import SEVERAL_USERS
from tests.e2e.rig import Site
from tests.e2e.user import User
from tinysched import __version__

COMMANDS = (
    "tsbatch",
    "tsqueue",
    "tscancel",
    "tscontrol",
    "tsout",
    "tspurge",
    "run_job.sh",
    "tsdaemon",
    "tiny_sched_daemon.sh",
)
TITLES = ["JOBID", "NAME", "STATE", "CPUS", "TIME", "SUBMIT", "USER", "REASON"]
WAIT_FOR_GO = "while [ ! -e go ]; do sleep 0.02; done"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself_and_tells_its_version(command: str, ann: User):
    text = ann.ok(command, "--help")
    assert "Example" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert __version__ in ann.ok(command, "--version")


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("tsbatch --nosuch job.sh", 2, "cannot read the command line: unknown option '--nosuch'"),
        ("tsbatch --time=5x --wrap=ls", 2, "cannot read --time=5x: expected "),
        ("tsbatch --mem=1.5G --wrap=ls", 2, "cannot read --mem=1.5G: expected "),
        ("tsbatch --array=3-1 --wrap=ls", 2, "cannot read --array=3-1: "),
        ("tsbatch --cpus-per-task=0 --wrap=ls", 2, "cannot read --cpus-per-task=0: expected "),
        ("tsbatch --array=1-9999999 --wrap=ls", 1, "cannot grant --array=1-9999999: "),
        ("tsbatch --nodes=2 --wrap=ls", 1, "cannot grant --nodes=2: this queue has one host"),
        ("tsbatch --wrap=ls job.sh", 2, "cannot "),
        ("tsbatch missing.sh", 1, "cannot open script missing.sh: No such file or directory"),
        ("tsbatch .", 1, "cannot read script .: it is a directory"),
        ("tsqueue --nosuch", 2, "cannot read the command line: unknown option '--nosuch'"),
        ("tsqueue -t ODD", 2, "cannot read --states=ODD: expected some of PENDING"),
        ("tsqueue -j 99999", 1, "cannot find job 99999: no such job is known"),
        ("tsqueue 42", 2, "cannot read the command line: 42 is no option"),
        ("tscancel", 2, "cannot read the command line: neither a job nor a filter is given"),
        ("tscancel x1", 2, "cannot read the command line: x1 is no job: expected 42, 42_7"),
        ("tscancel 99999", 1, "cannot find job 99999: no such job is known"),
        ("tscancel -s FOO 1", 2, "cannot read --signal=FOO: "),
        ("tscontrol", 2, "cannot read the command line: expected one of hold, release"),
        ("tscontrol explode 1", 2, "cannot read the command line: expected one of hold"),
        ("tscontrol hold 99999", 1, "cannot find job 99999: no such job is known"),
        ("tscontrol show job", 2, "cannot read the command line: show needs the number"),
        ("tsout", 2, "cannot read the command line: no job is given"),
        ("tsout 99999", 1, "cannot find job 99999: no such job is known"),
        ("tspurge", 2, "cannot read the command line: give --keep-last or --age-days"),
        ("tspurge --keep-last=-1", 2, "cannot read --keep-last=-1: expected a whole number"),
        ("run_job.sh", 2, "cannot read the command line: expected CPUS, then yes or no"),
        ("run_job.sh x no ls", 2, "cannot read the command line: CPUS is x: expected "),
        ("run_job.sh 1 maybe ls", 2, "cannot read the command line: expected yes "),
        ("run_job.sh 64 no ls", 1, "cannot run this job: it needs 64 cores, this queue has 4"),
        ("tsdaemon explode", 2, "cannot read the command line: no such command 'explode'"),
    ],
)
def test_bad_input_gets_a_sentence_and_an_exit_code_and_changes_nothing(
    command: str, code: int, says: str, site: Site, ann: User
):
    before = site.lines("--all")
    done = ann.run(*command.split())
    assert done.code == code
    assert done.err.startswith(f"{command.split()[0]}: error: {says}"), done.err
    assert done.out == ""
    assert not done.err.splitlines()[0].endswith(".")
    assert [line["id"] for line in site.lines("--all")] == [line["id"] for line in before]
    assert not any(ann.here.iterdir())


def test_tsbatch_says_the_number_of_the_job(site: Site, ann: User):
    ann.script("echo hello")
    said = ann.ok("tsbatch", "job.sh")
    number = int(re.fullmatch(r"Submitted batch job (\d+)\n", said)[1])  # type: ignore[index]  # or no match
    assert ann.ok("tsbatch", "--parsable", "job.sh") == f"{number + 1}\n"
    assert ann.ok("tsbatch", "--quiet", "job.sh") == ""
    site.completes(number + 2)
    assert ann.read(f"slurm-{number}.out") == "hello\n"


def test_tsbatch_test_only_checks_and_submits_nothing(site: Site, ann: User):
    before = len(site.lines("--all"))
    done = ann.run("tsbatch", "--test-only", "-c", "3", "--wrap=true")
    assert done.code == 0
    assert re.match(r"tsbatch: would start now, using 3 of 4 cores on \S+\n", done.err)
    done = ann.run("tsbatch", "--test-only", "-c", "5", "--wrap=true")
    assert done.code == 1
    assert "cannot run this job: it needs 5 cores, this queue has 4" in done.err
    assert len(site.lines("--all")) == before


def test_a_script_is_named_with_the_line_that_is_wrong(site: Site, ann: User):
    ann.script("#SBATCH -J good\n#SBATCH --time=soon\ntrue")
    done = ann.run("tsbatch", "job.sh")
    assert done.code == 1
    assert done.err.startswith("tsbatch: error: job.sh line 3: cannot read --time=soon: expected ")
    done = ann.run("tsbatch", stdin="echo no interpreter\n")
    assert done.code == 1
    assert "tsbatch: error: " in done.err
    assert "stdin" in done.err


def test_tsqueue_lists_what_waits_runs_and_ended_lately(site: Site, ann: User):
    ended = ann.wrap("exit 3", "-J", "over")
    site.until_ended(ended)
    runs = ann.wrap(WAIT_FOR_GO, "-J", "runs", "-c", "2")
    site.until_state(runs, "RUNNING")
    waits = ann.wrap("true", "-J", "waits", "-c", "3")
    site.until(lambda: "Resources" in site.job(waits)["reason"], "the reason is there")
    head, *rows = ann.ok("tsqueue", "-j", f"{ended},{runs},{waits}").splitlines()
    assert head.split() == TITLES
    fields = [row.split(None, 7) for row in rows]
    assert [row[:4] for row in fields] == [
        [str(ended), "over", "FAILED", "1"],
        [str(runs), "runs", "RUNNING", "2"],
        [str(waits), "waits", "PENDING", "3"],
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", row[5]) for row in fields)
    assert {row[6] for row in fields} == {ann.name}
    assert fields[0][7] == "NonZeroExitCode: exit code 3"
    assert fields[2][7] == "Resources: needs 3 cores, 2 free"
    assert len(fields[1]) == 7


def test_tsqueue_chooses_by_user_state_name_and_id(site: Site, ann: User):
    one, two = ann.wrap("true", "-H", "-J", "alpha"), ann.wrap("true", "-J", "beta")
    site.completes(two)

    def ids(*words: object) -> list[str]:
        return [row.split()[0] for row in ann.ok("tsqueue", "-h", *words).splitlines()]

    assert ids("-n", "alpha,gamma") == [str(one)]
    assert ids("-t", "PD", "-n", "alpha,beta") == [str(one)]
    assert ids("-t", "completed", "-j", f"{one},{two}") == [str(two)]
    assert str(one) in ids("--me")
    assert ids("-u", "nobody-of-that-name") == []
    assert {str(one), str(two)} <= set(ids("--all"))
    listed = json.loads(ann.ok("tsqueue", "--json", "-j", one))["jobs"]
    assert [(line["id"], line["state"], line["held_by"]) for line in listed] == [
        (str(one), "PENDING", "user")
    ]


def test_time_grows_while_a_job_runs_and_then_stands(site: Site, ann: User):
    number = ann.wrap(WAIT_FOR_GO)
    first = site.until_state(number, "RUNNING")["elapsed_s"]
    site.until(lambda: site.job(number)["elapsed_s"] >= max(first, 1), "time grows")
    assert re.search(r" 0:0[1-9] ", ann.ok("tsqueue", "-j", number))
    ann.file("go", "")
    line = site.completes(number)
    assert line["elapsed_s"] == pytest.approx(line["ended_at"] - line["started_at"], abs=0.2)
    assert site.job(number)["elapsed_s"] == line["elapsed_s"]


def test_tscancel_ends_jobs_tasks_and_whatever_the_filters_mean(site: Site, ann: User):
    runs = ann.wrap("sleep 60", "-J", "sleeper")
    site.until_state(runs, "RUNNING")
    held = ann.wrap("true", "-H", "-J", "held")
    array = ann.wrap("true", "-H", "--array=1-6")
    assert ann.ok("tscancel", runs, held, f"{array}_[2-4]") == ""
    assert site.until_state(runs, "CANCELLED")["reason"] == "Cancelled"
    assert site.job(held)["state"] == "CANCELLED"
    states = {line["task"]: line["state"] for line in site.lines("-r", "-j", str(array))}
    assert {task for task, state in states.items() if state == "CANCELLED"} == {2, 3, 4}
    assert ann.ok("tscancel", "-n", "wrap", "-t", "PENDING", "--me") == ""
    assert {line["state"] for line in site.lines("-j", str(array))} == {"CANCELLED"}
    assert ann.ok("tscancel", runs) == ""  # it has ended: nothing to do, nothing to refuse


def test_a_signal_reaches_the_whole_tree_of_a_job(site: Site, ann: User):
    hear = "trap 'echo {0} >>heard; wait; exit 0' USR1; echo >{0}; while :; do sleep 0.02; done"
    child = ann.file("child.sh", hear.format("child"))
    number = ann.wrap(f"bash {child} & {hear.format('script')}")
    ann.until_file("child")
    ann.until_file("script")
    ann.ok("tscancel", "-s", "USR1", number)
    site.completes(number)
    assert sorted(ann.read("heard").split()) == ["child", "script"]


@SEVERAL_USERS
def test_nobody_but_owner_and_admin_can_end_or_change_a_job(
    site: Site, ann: User, ben: User, admin: User
):
    number = ann.wrap("sleep 60")
    site.until_state(number, "RUNNING")
    for command in (("tscancel", number), ("tscontrol", "requeue", number)):
        done = ben.run(*command)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"{command[0]}: error: cannot ")
        assert "denied" in done.err
    ben.run("tscancel", "-n", "wrap")
    assert site.job(number)["state"] == "RUNNING"
    assert ben.run("tspurge", "--keep-last=0").code == 1
    assert ben.run("tsdaemon", "reload").code == 1
    admin.ok("tscancel", number)
    site.until_state(number, "CANCELLED")


def test_held_jobs_wait_until_they_are_released(site: Site, ann: User):
    number = ann.wrap("true", "--hold")
    assert "JobHeldUser" in ann.ok("tsqueue", "-j", number)
    ann.ok("tscontrol", "release", number)
    site.completes(number)
    blocker = ann.wrap(WAIT_FOR_GO, "-c", "4")
    site.until_state(blocker, "RUNNING")
    number = ann.wrap("true")
    ann.ok("tscontrol", "hold", number)
    ann.file("go", "")
    site.completes(blocker)
    assert site.job(number)["held_by"] == "user"
    done = ann.run("tscontrol", "hold", blocker)
    assert (done.code, done.err) == (
        1,
        f"tscontrol: error: cannot hold job {blocker}: it has already ended\n",
    )


@SEVERAL_USERS
def test_what_the_admin_holds_only_the_admin_releases(site: Site, ann: User, admin: User):
    number = ann.wrap("true", "--hold")
    ann.ok("tscontrol", "release", number)
    site.completes(number)
    number = ann.wrap("true", "--hold")
    admin.ok("tscontrol", "hold", number)
    done = ann.run("tscontrol", "release", number)
    assert (done.code, "an admin holds it" in done.err) == (1, True)
    admin.ok("tscontrol", "release", number)
    site.completes(number)


def test_requeue_runs_a_job_again_with_its_output_appended(site: Site, ann: User):
    number = ann.wrap(f"echo run ${{SLURM_RESTART_COUNT:-0}}; {WAIT_FOR_GO}")
    ann.until_file(f"slurm-{number}.out", "run 0")
    ann.ok("tscontrol", "requeue", number)
    ann.until_file(f"slurm-{number}.out", "run 1")
    ann.file("go", "")
    line = site.completes(number)
    assert (line["restarts"], line["attempt"]) == (1, 2)
    assert ann.read(f"slurm-{number}.out") == "run 0\nrun 1\n"
    ann.ok("tscontrol", "requeue", number)  # of an ended job, while its script is kept
    site.until(lambda: site.job(number)["restarts"] == 2, "it was requeued")
    site.completes(number)
    pinned = ann.wrap("sleep 60", "--no-requeue")
    site.until_state(pinned, "RUNNING")
    assert "--no-requeue" in ann.run("tscontrol", "requeue", pinned).err


def test_show_job_tells_all_that_was_asked_for(site: Site, ann: User):
    options = (
        "-H -J shown -c 2 -n 3 --mem=2G -t 1-02:03:04 -p night -q high -A lab"
        " --mail-type=END --mail-user=a@b --comment=why -i in.txt -o o_%j -e e_%j -N 1"
    )
    ann.file("in.txt", "")
    number = ann.wrap("true", *options.split())
    text = ann.ok("tscontrol", "show", "job", number)
    for pair in (
        f"JobId={number} JobName=shown",
        f"UserId={ann.name}({ann.person.uid}) Account=lab QOS=high",
        "JobState=PENDING Reason=JobHeldUser",
        "TimeLimit=1-02:03:04",
        "Partition=night",
        "NumNodes=1 NumCPUs=6 NumTasks=3 CPUs/Task=2",
        "MinMemoryNode=2G",
        "MailUser=a@b MailType=END",
        "Comment=why",
        f"SubmitDir={ann.here}",
        f"WorkDir={ann.here}",
        f"StdOut={ann.here}/o_{number}",
        f"StdErr={ann.here}/e_{number}",
    ):
        assert pair in text
    (shown,) = json.loads(ann.ok("tscontrol", "show", "job", number, "--json"))["jobs"]
    assert (shown["partition"], shown["qos"], shown["account"]) == ("night", "high", "lab")


def test_tsout_tells_where_output_is_and_prints_it(site: Site, ann: User):
    number = ann.wrap(f"echo out; echo bad >&2; {WAIT_FOR_GO}; echo more")
    ann.until_file(f"slurm-{number}.err", "bad")
    head, out, err = ann.ok("tsout", number).splitlines()
    assert head.split() == ["JOBID[_TASK]", "TYPE", "PATH", "EXISTS", "SIZE_BYTES"]
    assert out.split() == [str(number), "OUT", f"{ann.here}/slurm-{number}.out", "YES", "4"]
    assert err.split() == [str(number), "ERR", f"{ann.here}/slurm-{number}.err", "YES", "4"]
    done = ann.run("tsout", "--cat", number)
    assert (done.code, done.out, done.err) == (0, "out\n", "bad\n")
    follower = ann.start("tsout", "-f", number)
    ann.file("go", "")
    out_text, err_text = follower.communicate(timeout=20)
    assert (follower.returncode, out_text, err_text) == (0, "out\nmore\n", "bad\n")
    array = ann.wrap("true", "--array=1-3", "-o", "x_%a", "-H")
    rows = [row.split() for row in ann.ok("tsout", number, f"{array}_3").splitlines()[1:]]
    assert [row[0] for row in rows] == [str(number), str(number), f"{array}_3", f"{array}_3"]
    assert rows[2][2:4] == [f"{ann.here}/x_3", "NO"]
    assert "cannot read" in ann.run("tsout", "--cat", ann_without_output(site, ann)).err


def ann_without_output(site: Site, ann: User) -> int:
    number = ann.wrap("rm -f gone_out", "-o", "gone_out", "-e", "none")
    site.completes(number)
    return number
