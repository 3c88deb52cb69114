"""Jobs that cannot be started: each with its sentence, and nothing has run."""

import os
import resource
import stat
from pathlib import Path

import pytest

from tests.host.running import as_nobody, in_child, run, shell
from tinysched.errors import SpoolError
from tinysched.host import processes
from tinysched.host.launch import LaunchError, launch

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("each_way")]


def refusal(job) -> str:
    """The sentence of a start that fails; no child is left of it."""
    with pytest.raises(LaunchError) as caught:
        launch(job)
    assert not processes.has_children()
    return caught.value.sentence


def script(tmp_path, text, mode=0o755):
    path = tmp_path / "job.sh"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_a_missing_output_directory(tmp_path):
    path = str(tmp_path / "missing" / "x.out")
    said = refusal(shell(tmp_path, "touch ran", stdout=path))
    assert said == f"cannot open {path}: No such file or directory"
    assert not (tmp_path / "ran").exists()


def test_a_missing_directory_for_errors(tmp_path):
    path = str(tmp_path / "missing" / "x.err")
    said = refusal(shell(tmp_path, "", stderr=path))
    assert said == f"cannot open {path}: No such file or directory"


def test_an_output_that_is_a_directory(tmp_path):
    said = refusal(shell(tmp_path, "", stdout=str(tmp_path)))
    assert said == f"cannot open {tmp_path}: Is a directory"


def test_an_output_without_permission():
    def try_it() -> None:
        job = shell(Path("/"), "", stdout="/proc/version", stderr="/dev/null")
        assert refusal(job) == "cannot open /proc/version: Permission denied"

    assert as_nobody(try_it).code == 0


def test_a_missing_input(tmp_path):
    path = str(tmp_path / "in")
    said = refusal(shell(tmp_path, "", stdin=path))
    assert said == f"cannot open {path}: No such file or directory"


def test_an_input_that_is_a_directory(tmp_path):
    said = refusal(shell(tmp_path, "", stdin=str(tmp_path)))
    assert said == f"cannot open {tmp_path}: Is a directory"


def test_a_fifo_that_nobody_reads_does_not_hang_the_start(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    said = refusal(shell(tmp_path, "", stdout=str(fifo)))
    assert said == f"cannot open {fifo}: nobody reads from this FIFO"


def test_an_input_fifo_that_nobody_writes_does_not_hang_the_start(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert run(shell(tmp_path, "cat", stdin=str(fifo))).code == 0


def test_a_missing_working_directory_leaves_no_output(tmp_path):
    path = str(tmp_path / "missing")
    said = refusal(shell(tmp_path, "", work_dir=path))
    assert said == f"cannot change to {path}: No such file or directory"
    assert list(tmp_path.iterdir()) == []


def test_a_working_directory_that_is_a_file(tmp_path):
    path = script(tmp_path, "")
    assert refusal(shell(tmp_path, "", work_dir=path)) == (
        f"cannot change to {path}: Not a directory"
    )


def test_a_start_that_cannot_be_recorded(tmp_path):
    def full(_pid: int) -> None:
        raise OSError(28, "No space left on device")

    said = refusal(shell(tmp_path, "touch ran", announce=full))
    assert said == "cannot record the start: No space left on device"
    assert not (tmp_path / "ran").exists()


def test_a_sentence_of_ours_passes_unchanged(tmp_path):
    def refuse(_pid: int) -> None:
        raise SpoolError("cannot write started: quota exceeded")

    said = refusal(shell(tmp_path, "", announce=refuse))
    assert said == "cannot write started: quota exceeded"


def test_a_mistake_of_ours_is_named_too(tmp_path):
    def broken(_pid: int) -> None:
        raise KeyError("x")

    assert refusal(shell(tmp_path, "", announce=broken)) == "cannot start the job: KeyError: 'x'"


def test_a_missing_program(tmp_path):
    said = refusal(shell(tmp_path, "", argv=["/no/such"]))
    assert said == "cannot run /no/such: No such file or directory"


def test_a_program_that_is_not_in_path(tmp_path):
    said = refusal(shell(tmp_path, "", argv=["nosuch"]))
    assert said == "cannot run nosuch: not found in PATH"


def test_a_script_whose_interpreter_is_missing(tmp_path):
    path = script(tmp_path, "#!/x/y -z\n")
    said = refusal(shell(tmp_path, "", argv=[path], called="job.sh"))
    assert said == "cannot run job.sh: bad interpreter /x/y: No such file or directory"


def test_a_script_with_carriage_returns_shows_them(tmp_path):
    path = script(tmp_path, "#!/bin/sh\r\necho x\r\n")
    said = refusal(shell(tmp_path, "", argv=[path], called="job.sh"))
    assert said == "cannot run job.sh: bad interpreter /bin/sh\\r: No such file or directory"


def test_a_script_whose_interpreter_cannot_be_executed(tmp_path):
    path = script(tmp_path, "#!/etc/passwd\n")
    said = refusal(shell(tmp_path, "", argv=[path], called="job.sh"))
    assert said == "cannot run job.sh: bad interpreter /etc/passwd: Permission denied"


def test_a_script_without_execute_permission_is_not_run_by_the_back_door(tmp_path):
    path = script(tmp_path, "#!/bin/sh\ntouch ran\n", mode=0o644)
    said = refusal(shell(tmp_path, "", argv=[path], called="job.sh"))
    assert said == "cannot run job.sh: Permission denied"
    assert not (tmp_path / "ran").exists()


def test_a_directory_as_program(tmp_path):
    said = refusal(shell(tmp_path, "", argv=[str(tmp_path)]))
    assert said == f"cannot run {tmp_path}: Permission denied"


def test_a_binary_for_another_machine(tmp_path):
    path = script(tmp_path, "\x7fELF\x01\0\0\0")
    said = refusal(shell(tmp_path, "", argv=[path], called="job"))
    assert said == "cannot run job: Exec format error"


def test_an_argument_that_is_too_long_for_the_kernel(tmp_path):
    said = refusal(shell(tmp_path, "", argv=["/bin/true", "x" * 200_000]))
    assert said == "cannot run /bin/true: Argument list too long"


def test_a_variable_without_a_name(tmp_path):
    said = refusal(shell(tmp_path, "", environment={b"": b"x"}))
    assert said.startswith("cannot run /bin/sh: ")


def test_a_text_without_an_interpreter_line_is_run_by_sh(tmp_path):
    path = script(tmp_path, "echo $1 from sh\n")
    assert run(shell(tmp_path, "", argv=[path, "hello"])).code == 0
    assert (tmp_path / "out").read_text() == "hello from sh\n"


def test_a_script_on_a_noexec_file_system_runs_by_its_interpreter(tmp_path):
    place = tmp_path / "noexec"
    place.mkdir()

    def try_it() -> None:
        path = script(place, "#!/bin/sh -e\necho $1; false; echo not reached\n")
        assert run(shell(tmp_path, "", argv=[path, "hello"])).code == 1
        assert (tmp_path / "out").read_text() == "hello\n"

    mount = shell(tmp_path, f"mount -t tmpfs -o noexec,mode=777 tests '{place}'")
    if run(mount).code != 0:
        pytest.skip("CI cannot run this: no right to mount a file system noexec")
    try:
        assert in_child(try_it).code == 0
    finally:
        assert run(shell(tmp_path, f"umount '{place}'")).code == 0


def test_no_more_processes_than_the_limit_allows_is_a_sentence_too():
    def try_it() -> None:
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        job = shell(Path("/"), "", stdout="/dev/null", stderr="/dev/null")
        assert refusal(job) == "cannot start a process: Resource temporarily unavailable"

    assert as_nobody(try_it).code == 0


def test_a_failed_start_leaves_no_descriptor_behind(tmp_path):
    before = sorted(os.listdir("/proc/self/fd"))
    refusal(shell(tmp_path, "", argv=["/no/such"]))
    assert sorted(os.listdir("/proc/self/fd")) == before
    assert stat.S_ISREG((tmp_path / "out").stat().st_mode)
