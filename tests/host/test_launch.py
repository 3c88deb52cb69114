"""What a job finds when it starts: everything as its submitter had it, nothing of ours."""

import os
import resource
import signal

import pytest

from tests import wait
from tests.host.running import PATH, in_child, run, shell
from tinysched.host import marks, processes
from tinysched.host.launch import LaunchError, launch

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("each_way")]


def status(tmp_path, field):
    """A field of /proc/PID/status as the job saw itself."""
    lines = (tmp_path / "out").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith(field + ":"))


def test_the_exit_code_of_the_job_comes_back(tmp_path):
    assert run(shell(tmp_path, "exit 3")).code == 3


def test_the_signal_that_killed_the_job_comes_back(tmp_path):
    ended = run(shell(tmp_path, "kill -9 $$"))
    assert (ended.code, ended.signal) == (0, 9)


def test_the_cpu_time_of_what_the_job_waited_for_is_counted(tmp_path):
    busy = "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done"
    assert run(shell(tmp_path, f"({busy}); true")).cpu_s > 0.005


def test_the_job_runs_in_its_directory(tmp_path):
    inside = tmp_path / "with space"
    inside.mkdir()
    run(shell(tmp_path, "pwd", work_dir=str(inside)))
    assert (tmp_path / "out").read_text() == f"{inside}\n"


def test_the_environment_is_what_was_given_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("OURS", "secret")
    given = {b"PATH": PATH, b"A": b"1\n2", b"B\xff": b"\xfe"}
    run(shell(tmp_path, "", argv=["/usr/bin/env", "-0"], environment=given))
    found = (tmp_path / "out").read_bytes().split(b"\0")[:-1]
    assert sorted(found) == sorted(name + b"=" + value for name, value in given.items())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {b"PWD": b"/somewhere/else", b"OLDPWD": b"/", b"_": b"/bin/x", b"SHLVL": b"7"},
        {b"PWD": bytes(range(1, 256)), b"ALL": bytes(range(1, 256)), b"EMPTY": b""},
        {b"IFS": b"x", b"OPTIND": b"no number", b"PPID": b"1", b"LINENO": b"2", b"ATTY": b"1"},
        {b"PS1": b"$(exit 1)", b"PS4": b"+", b"MAIL": b"m", b"HISTSIZE": b"-1", b"TERM": b"x"},
        {b"ENV": b"/etc/passwd", b"BASH_ENV": b"/etc/passwd", b"POSIXLY_CORRECT": b"1"},
        {b"BASH_FUNC_module%%": b"() {  eval $1\n}", b"1": b"x", b"-i": b"y", b"a b": b"z=z"},
        {b"LD_PRELOAD": b"/no/such.so", b"LD_DEBUG": b"", b"GLIBC_TUNABLES": b"x"},
    ],
)
def test_no_variable_is_changed_added_or_lost_on_the_way(tmp_path, given):
    program = ["/bin/cat", "/proc/self/environ"]
    run(shell(tmp_path, "", argv=program, environment=given, pid_variable=b"MY_PID"))
    found = (tmp_path / "out").read_bytes().split(b"\0")[:-1]
    wanted = [name + b"=" + value for name, value in given.items()]
    assert sorted(one for one in found if not one.startswith(b"MY_PID=")) == sorted(wanted)
    complaints = (tmp_path / "err").read_text().splitlines()
    assert len(complaints) == (b"LD_PRELOAD" in given), complaints


def test_the_directory_in_pwd_is_as_given_also_if_it_is_reached_by_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    by_link = os.fsencode(tmp_path / "link")
    given = {b"PWD": by_link}
    program = ["/usr/bin/env"]
    run(shell(tmp_path, "", argv=program, environment=given, work_dir=by_link))
    assert (tmp_path / "out").read_bytes() == b"PWD=" + by_link + b"\n"


def test_a_job_is_told_its_own_pid(tmp_path):
    pids: list[int] = []
    given = {b"PATH": PATH, b"MY_PID": b"another's"}
    job = shell(
        tmp_path, "echo $MY_PID", environment=given, pid_variable=b"MY_PID", announce=pids.append
    )
    run(job)
    assert (tmp_path / "out").read_text() == f"{pids[0]}\n"


def test_arguments_arrive_byte_by_byte(tmp_path):
    every_byte = bytes(range(1, 256))
    arguments = [b"a b", b"", b"\xff*", b"$HOME", b"-x", b"--", b"A=b", every_byte]
    run(shell(tmp_path, "", argv=["/usr/bin/printf", "%s|", *arguments]))
    assert (tmp_path / "out").read_bytes() == b"".join(word + b"|" for word in arguments)


def test_a_program_without_slash_is_found_in_the_jobs_own_path(tmp_path):
    program = tmp_path / "hello"
    program.write_text("#!/bin/sh\necho hello $1\n")
    program.chmod(0o755)
    path = {b"PATH": b"/nowhere:" + os.fsencode(tmp_path)}
    run(shell(tmp_path, "", argv=["hello", "you"], environment=path))
    assert (tmp_path / "out").read_text() == "hello you\n"


def test_the_job_leads_a_session_of_its_own(tmp_path):
    pid = launch(shell(tmp_path, "cat")).pid
    try:
        assert os.getsid(pid) == pid
    finally:
        os.waitpid(pid, 0)


def test_the_umask_is_the_submitters_and_the_output_has_its_mode(tmp_path):
    before = os.umask(0o077)
    try:
        run(shell(tmp_path, "umask; touch made", umask=0o027))
    finally:
        os.umask(before)
    assert (tmp_path / "out").read_text() == "0027\n"
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o640


def test_every_signal_has_its_default_meaning_and_none_is_blocked(tmp_path):
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        run(shell(tmp_path, "", argv=["/bin/cat", "/proc/self/status"]))
        mine = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    finally:
        signal.signal(signal.SIGHUP, ignored)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    assert int(status(tmp_path, "SigIgn"), 16) == 0
    assert int(status(tmp_path, "SigBlk"), 16) == 0
    assert mine == {signal.SIGUSR1}


def test_a_reader_that_leaves_ends_a_pipeline_as_in_any_shell(tmp_path):
    script = "(yes; echo $? > code) | head -1 > /dev/null; cat code"
    run(shell(tmp_path, script))
    assert (tmp_path / "out").read_text() == f"{128 + signal.SIGPIPE}\n"


def test_no_descriptor_reaches_the_job_but_those_named(tmp_path):
    kept, leaked = os.open("/dev/null", os.O_RDONLY), os.open("/dev/zero", os.O_RDONLY)
    os.set_inheritable(leaked, True)
    try:
        run(shell(tmp_path, "ls /proc/$$/fd", keep=[kept]))
    finally:
        os.close(kept)
        os.close(leaked)
    # 10 and above: the shell's own.
    seen = {int(name) for name in (tmp_path / "out").read_text().split()}
    assert seen == {0, 1, 2, kept}


def test_a_launcher_without_streams_starts_jobs_all_the_same(tmp_path):
    def bare() -> None:
        os.closerange(0, 3)
        assert run(shell(tmp_path, "echo out; echo err >&2; cat")).code == 0

    assert in_child(bare).code == 0
    assert (tmp_path / "out").read_text() == "out\n"
    assert (tmp_path / "err").read_text() == "err\n"


def test_soft_limits_are_the_submitters(tmp_path):
    text = f"{'Max open files':26}77 99 files\n{'Max core file size':26}0 unlimited bytes\n"
    run(shell(tmp_path, "ulimit -Sn; ulimit -Hn; ulimit -Sc", limits=text))
    assert (tmp_path / "out").read_text().split() == ["77", "99", "0"]


def test_a_limit_below_what_the_launcher_itself_uses_does_not_stop_the_start(tmp_path):
    text = f"{'Max open files':26}0 0 files\n{'Max file size':26}0 0 bytes\n"
    (tmp_path / "started").touch()

    def announce(pid: int) -> None:
        (tmp_path / "started").write_text(str(pid))

    job = shell(tmp_path, "", argv=["/bin/true"], limits=text, announce=announce)
    run(job)
    assert (tmp_path / "started").read_text()


def test_a_hard_limit_of_ours_is_not_raised(tmp_path):
    def lowered() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))
        text = f"{'Max open files':26}2000 3000 files\n"
        run(shell(tmp_path, "ulimit -Sn; ulimit -Hn", limits=text))

    assert in_child(lowered).code == 0
    assert (tmp_path / "out").read_text().split() == ["1000", "1000"]


def test_the_start_is_announced_with_the_jobs_pid_before_it_runs(tmp_path):
    note = tmp_path / "note"
    job = shell(tmp_path, "cat note; echo $$", announce=lambda pid: note.write_text(f"{pid}\n"))
    pid = launch(job).pid
    os.waitpid(pid, 0)
    assert (tmp_path / "out").read_text() == f"{pid}\n{pid}\n"


@pytest.mark.parametrize("is_noted", [True, False])
def test_a_job_whose_launcher_is_killed_runs_if_and_only_if_it_was_announced(tmp_path, is_noted):
    note, pid_file, out = tmp_path / "note", tmp_path / "pid", tmp_path / "out"

    def announce(pid: int) -> None:
        pid_file.write_text(f"{pid}\n")
        if is_noted:
            note.touch()
        processes.send(os.getpid(), signal.SIGKILL)

    def host() -> None:
        processes.set_subreaper()
        job = shell(tmp_path, "echo ran", announce=announce, record=str(note))
        launcher, gone = processes.fork_worker(lambda: launch(job).pid), {}

        def have_ended() -> bool:
            gone.update({one.pid: one for one in processes.reap()})
            return len(gone) == 2

        wait.until(have_ended, says="launcher and job have ended")
        assert gone[launcher].signal == signal.SIGKILL
        assert (gone[int(pid_file.read_text())].code == 0) == is_noted

    assert in_child(host).code == 0
    assert out.read_text() == ("ran\n" if is_noted else "")


def test_a_start_that_is_refused_runs_nothing_although_it_is_on_record(tmp_path):
    note = tmp_path / "note"

    def announce(_pid: int) -> None:
        note.touch()
        raise OSError(28, "No space left on device")

    with pytest.raises(LaunchError):
        launch(shell(tmp_path, "touch ran", announce=announce, record=str(note)))
    assert not processes.has_children()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_who_is_killed_while_its_start_is_recorded_never_runs(tmp_path, signum):
    job = shell(tmp_path, "touch ran", announce=lambda pid: os.kill(pid, signum))
    assert run(job).signal == signum
    assert not (tmp_path / "ran").exists()


def test_it_is_the_same_process_before_and_after_it_becomes_the_job(tmp_path):
    began: list[int | None] = []
    job = shell(
        tmp_path,
        "cut -d' ' -f22 /proc/$$/stat",
        announce=lambda pid: began.append(processes.start_ticks(pid)),
    )
    run(job)
    assert (tmp_path / "out").read_text() == f"{began[0]}\n"


def test_all_is_in_force_before_the_job_begins_and_the_launcher_keeps_its_own(tmp_path):
    mark, text = marks.new(), f"{'Max open files':26}77 99 files\n"
    before = (
        resource.getrlimit(resource.RLIMIT_NOFILE),
        os.getcwd(),
        sorted(os.listdir("/proc/self/fd")),
    )
    run(shell(tmp_path, "", argv=["/bin/cat", "/proc/self/limits"], limits=text, mark=mark))
    found = {
        line[:26].strip(): line[26:].split()[:2]
        for line in (tmp_path / "out").read_text().splitlines()
    }
    assert found["Max open files"] == ["77", "99"]
    assert found["Max file locks"] == [str(mark), str(mark)]
    after = (
        resource.getrlimit(resource.RLIMIT_NOFILE),
        os.getcwd(),
        sorted(os.listdir("/proc/self/fd")),
    )
    assert after == before


def test_many_descriptors_can_be_kept(tmp_path):
    kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(12)]
    try:
        run(shell(tmp_path, "ls /proc/$$/fd", keep=kept))
        assert not any(map(os.get_inheritable, kept))
    finally:
        for descriptor in kept:
            os.close(descriptor)
    assert {*kept, 0, 1, 2} <= {int(name) for name in (tmp_path / "out").read_text().split()}


def test_what_is_announced_keeps_the_launchers_umask(tmp_path):
    before = os.umask(0o077)
    try:
        run(shell(tmp_path, "", umask=0, announce=lambda _pid: (tmp_path / "note").touch()))
    finally:
        os.umask(before)
    assert (tmp_path / "note").stat().st_mode & 0o777 == 0o600


def test_a_subreaper_launches_as_anybody_does(tmp_path):
    def worker() -> None:
        processes.become_worker("tester")
        assert run(shell(tmp_path, "exit 0")).code == 0

    assert in_child(worker).code == 0
