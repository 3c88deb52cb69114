"""Commands whose standard streams are closed, full or gone, and what a bare environment becomes."""

import pytest

COMMANDS = ("tsqueue", "tsdaemon status", "tsbatch --help", "tsbatch --wrap true")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("stdout", [">&-", ">/dev/full"])
def test_an_answer_that_cannot_be_written_is_a_failure_in_words(ann, command, stdout):
    done = ann.run("sh", "-c", f"{command} {stdout}")
    assert done.code != 0
    assert "Traceback" not in done.err
    assert "bug" not in done.err
    assert "annot write" in done.err or "Bad file descriptor" in done.err or not done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_nobody_at_the_other_end_is_no_bug(ann, command):
    done = ann.run("bash", "-c", f"{command} | true; exit ${{PIPESTATUS[0]}}")
    assert done.code in (0, 1, 141)
    assert done.err == ""


def test_a_command_without_any_stream_writes_into_no_file_of_ours(ann):
    ann = ann.move()
    ann.run("sh", "-c", "tsbatch --wrap 'echo ran >ran' <&- >&- 2>&-")
    ann.until_file("ran", "ran\n")
    number = ann.wrap("cat here >there", "--input=/dev/null")
    ann.site.until_ended(number)
    assert ann.ok("tsqueue", "-h", "-j", number).split()[2] in ("COMPLETED", "FAILED")


@pytest.mark.parametrize(
    "command", ["tsbatch --wrap 'env >seen'", "run_job.sh 1 no sh -c 'env >seen'"]
)
def test_a_job_sees_no_variable_that_its_submitter_did_not_set(ann, command):
    ann = ann.move()
    ann.ok("env", "-i", "GIVEN=1", f"PATH={ann.environment()['PATH']}", "sh", "-c", command)
    ann.until_file("seen")
    ann.site.until(lambda: "GIVEN" in ann.read("seen"), "the job has written its variables")
    own = (
        "SLURM",
        "TJS_",
        "ENVIRONMENT",
        "HOSTNAME",
        "TMPDIR",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "PATH",
    )
    names = [line.partition("=")[0] for line in ann.read("seen").splitlines()]
    assert [name for name in names if not name.startswith(own)] == ["GIVEN"]
