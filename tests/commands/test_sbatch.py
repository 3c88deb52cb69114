"""sbatch at the user's end of the wire: scripts, messages, waiting for the end."""

from __future__ import annotations

import os
import posix
import subprocess  # noqa: TID251 - only a fresh interpreter tells what a command loads
import sys
from pathlib import Path

import pytest

from tests.commands.answering import Answer, Answering, a_site
from tinysched.commands import sbatch
from tinysched.errors import VerbatimError
from tinysched.spool.requests import apart
from tinysched.wire.channel import Message

ACCEPTED: Answer = ([("exit", b"0"), ("id", b"42")], b"Submitted batch job 42\n")
WAITED: Answer = ([("exit", b"0"), ("id", b"42"), ("wait", b"1")], b"42\n")
SCRIPT = "#!/bin/sh\necho hi\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tinysched.commands.submitting.RESTART_S", 0.0)
    (tmp_path / "users").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def submitted(root: Path, *argv: str) -> Message:
    """What goes over to the dispatcher, which accepts it."""
    with Answering(root, lambda _message: ACCEPTED) as dispatcher:
        assert sbatch.main(a_site(root), [*argv]) == 0
    (heard,) = dispatcher.heard
    return heard


def refused(root: Path, *argv: str) -> str:
    with pytest.raises(VerbatimError) as refusal:
        sbatch.main(a_site(root), [*argv])
    assert refusal.value.exit_code == 1
    return refusal.value.text


@pytest.mark.parametrize(
    ("named", "path"),
    [
        ("job.sh", "{}/job.sh"),
        ("./job.sh", "./job.sh"),
        ("sub/job.sh", "{}/sub/job.sh"),
        ("../here/job.sh", "../here/job.sh"),
        ("/dev/stdin", "/dev/stdin"),
    ],
)
def test_a_script_is_sent_with_its_path(
    root: Path, named: str, path: str, monkeypatch: pytest.MonkeyPatch
):
    (root / "here" / "sub").mkdir()
    for place in ("job.sh", "sub/job.sh"):
        (root / "here" / place).write_text(SCRIPT)
    with (root / "here" / "job.sh").open() as script:
        saved = os.dup(0)
        os.dup2(script.fileno(), 0)
        try:
            heard = submitted(root, "-H", named, "one", "")
        finally:
            os.dup2(saved, 0)
            os.close(saved)
    assert heard.raw("script") == SCRIPT.encode()
    assert heard.text("path") == path.format(root / "here")
    assert heard.many("arg") == ["-H", named, "one", ""]
    assert heard.text("command") == "sbatch"
    assert stored(root, "command") == b"sbatch\n"


def test_a_script_is_found_on_path(root: Path, monkeypatch: pytest.MonkeyPatch):
    (root / "tools").mkdir()
    (root / "tools" / "tool.sh").write_text(SCRIPT)
    path = f"{root}/nowhere:{root}/tools".encode()
    monkeypatch.setitem(posix.environ, b"PATH", path)
    assert submitted(root, "tool.sh").text("path") == f"{root}/tools/tool.sh"


def stored(root: Path, name: str) -> bytes:
    """What the agent is left under a name."""
    (path,) = root.glob("users/*/requests/*/request")
    parts = apart(path.read_bytes())
    assert parts is not None
    return parts[name]


def test_variables_may_come_from_a_file(root: Path):
    (root / "here" / "vars").write_bytes(b"A=1\0B=two\nlines\0none\0=x\0C=")
    submitted(root, "--export-file=vars", "--wrap=true")
    assert stored(root, "environment") == b"A=1\0B=two\nlines\0C=\0"


def test_variables_may_come_from_a_descriptor(root: Path):
    reader, writer = os.pipe()
    os.write(writer, b"A=1\0")
    os.close(writer)
    submitted(root, f"--export-file={reader}", "--wrap=true")
    assert stored(root, "environment") == b"A=1\0"


def test_a_script_may_name_the_file_of_its_variables(root: Path):
    (root / "here" / "vars").write_bytes(b"A=1\0")
    (root / "here" / "job.sh").write_text("#!/bin/sh\n#SBATCH --export-file=vars\ntrue\n")
    submitted(root, "job.sh")
    assert stored(root, "environment") == b"A=1\0"


@pytest.mark.parametrize("place", ["nosuch", "", "1", "987"])
def test_a_file_of_variables_that_cannot_be_read_is_named(root: Path, place: str):
    words = f"sbatch: error: Could not open user environment file {place}\n"
    assert refused(root, f"--export-file={place}", "--wrap=true") == words


@pytest.mark.parametrize(
    ("text", "umask"), [("0027", b"0027\n"), ("0", b"0000\n"), ("x", None), ("01000", None)]
)
def test_a_variable_may_say_the_umask(
    root: Path, text: str, umask: bytes | None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(posix.environ, b"SLURM_UMASK", text.encode())
    submitted(root, "--wrap=true")
    assert stored(root, "umask") == (umask or b"%04o\n" % current_umask())


def current_umask() -> int:
    umask = os.umask(0o77)
    os.umask(umask)
    return umask


@pytest.mark.parametrize(("text", "code"), [("9", 9), ("0", 1), ("x", 1)])
def test_a_variable_may_say_what_a_failure_costs(
    root: Path,
    text: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    monkeypatch.setitem(posix.environ, b"SLURM_EXIT_ERROR", text.encode())
    no: Answer = (
        [("exit", b"1"), ("err", b"sbatch: error: Batch job submission failed: no\n")],
        b"",
    )
    with Answering(root, lambda _message: no):
        assert sbatch.main(a_site(root), ["--wrap=true"]) == code
    with pytest.raises(VerbatimError) as refusal:
        sbatch.main(a_site(root), ["nosuch.sh"])
    assert refusal.value.exit_code == code
    assert ("has zero value" in capfd.readouterr().err) == (code == 1)


@pytest.mark.parametrize(
    ("folder", "named", "path"),
    [
        ("sub", "job.sh", "{}/sub/job.sh"),
        ("{}/sub", "job.sh", "{}/sub/job.sh"),
        ("sub", "./job.sh", "./job.sh"),
        ("sub", "here.sh", "here.sh"),
        ("sub", "sub/job.sh", "sub/job.sh"),
        ("", "sub/job.sh", "{}/sub/job.sh"),
    ],
)
def test_a_script_is_looked_for_where_it_will_run(root: Path, folder: str, named: str, path: str):
    (root / "here" / "sub").mkdir()
    for place in ("job.sh", "sub/job.sh", "here.sh"):
        (root / "here" / place).write_text(SCRIPT)
    heard = submitted(root, "-D", folder.format(root / "here"), named)
    assert heard.text("path") == path.format(root / "here")


def test_a_directory_is_no_script(root: Path, monkeypatch: pytest.MonkeyPatch):
    (root / "tools" / "job.sh").mkdir(parents=True)
    monkeypatch.setitem(posix.environ, b"PATH", f"{root}/tools".encode())
    assert refused(root, "job.sh") == "sbatch: error: Unable to open file job.sh\n"


def test_a_wrapped_command_has_no_path(root: Path):
    heard = submitted(root, "--wrap=true")
    assert heard.text("path") == ""
    assert heard.raw("script").endswith(b"\n\ntrue\n")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["nosuch.sh"], "Unable to open file nosuch.sh"),
        (["sub/nosuch.sh"], "Unable to open file sub/nosuch.sh"),
        ([""], "Unable to open file "),
        (["."], "Batch script is empty!"),
        (["--wrap=true", "x"], "Script arguments not permitted with --wrap option"),
        (["-n", "abc", "nosuch.sh"], 'Invalid numeric value "abc" for --ntasks.'),
        (["-n", "0", "--nosuch"], 'Invalid numeric value "0" for --ntasks.'),
        (
            [":", "x"],
            "Batch job submission failed: Requested operation not supported on this system",
        ),
        (
            ["--wrap=true"],
            "Batch job submission failed: Unable to contact slurm controller (connect failure)",
        ),
    ],
)
def test_what_needs_no_dispatcher_to_be_refused(root: Path, argv: list[str], words: str):
    (root / "here" / "sub").mkdir()
    assert refused(root, *argv) == f"sbatch: error: {words}\n"


def test_a_script_may_be_too_large(root: Path):
    (root / "here" / "big.sh").write_bytes(b"#!/bin/sh\n" + b"#" * (4 << 20))
    words = "Pathname of a file, directory or other parameter too long"
    assert refused(root, "big.sh") == f"sbatch: error: Batch job submission failed: {words}\n"


def test_who_may_have_submitted_something_is_told_to_look(root: Path):
    with Answering(root, lambda _message: None):
        assert "cannot tell whether the job was accepted" in refused(root, "--wrap=true")


def test_a_test_leaves_nothing_behind(root: Path):
    submitted(root, "--test-only", "--wrap=true")
    assert list(root.glob("users/*/requests/*")) == []


def test_a_refused_job_leaves_nothing_behind(root: Path, capfd: pytest.CaptureFixture[str]):
    no: Answer = ([("exit", b"1"), ("err", b"no\n")], b"")
    with Answering(root, lambda _message: no):
        assert sbatch.main(a_site(root), ["--wrap=true"]) == 1
    assert list(root.glob("users/*/requests/*")) == []
    assert capfd.readouterr() == ("", "no\n")


def test_the_exit_code_is_waited_for(
    root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sbatch, "FIRST_PAUSE_S", 0.001)
    code: Answer = ([("exit", b"0"), ("code", b"44")], b"")
    # The second question meets a dispatcher that dies, as in a restart.
    answers: list[Answer | None] = [WAITED, ([("exit", b"0")], b""), None, code]
    with Answering(root, lambda _message: answers.pop(0)) as dispatcher:
        assert sbatch.main(a_site(root), ["--wait", "--parsable", "--wrap=true"]) == 44
    assert [message.verb for message in dispatcher.heard] == ["submit"] + ["ending"] * 3
    assert {message.text("id") for message in dispatcher.heard[1:]} == {"42"}
    assert capfd.readouterr() == ("42\n", "")


def test_a_job_that_is_forgotten_is_not_waited_for(
    root: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sbatch, "FIRST_PAUSE_S", 0.001)
    answers: list[Answer] = [WAITED, ([("exit", b"1"), ("err", b"gone\n")], b"")]
    with Answering(root, lambda _message: answers.pop(0)):
        assert sbatch.main(a_site(root), ["-W", "--wrap=true"]) == 1
    assert capfd.readouterr().err == "gone\n"


@pytest.mark.parametrize(
    ("argv", "begin"),
    [
        (["--help"], "Usage: sbatch [OPTIONS(0)...] [ : [OPTIONS(N)...]] script(0) [args(0)...]\n"),
        (["-h"], "Usage: sbatch [OPTIONS(0)...]"),
        (["--usage"], "Usage: sbatch [-N nnodes] [-n ntasks]\n              [-c ncpus] [-r n]"),
        (["-V", "job.sh", "--nosuch"], "slurm"),
    ],
)
def test_texts_need_no_script(
    root: Path, argv: list[str], begin: str, capfd: pytest.CaptureFixture[str]
):
    assert sbatch.main(a_site(root), argv) == 0
    assert capfd.readouterr().out.startswith(begin)


def test_the_ordinary_path_loads_nothing_heavy(root: Path):
    package = str(Path(sbatch.__file__).parent.parent.parent)
    probe = (
        f"import sys; sys.path.append({package!r}); bare = set(sys.modules)\n"
        "from tinysched.site import Site\n"
        "from tinysched.commands import sbatch\n"
        f"sbatch.main(Site({str(root)!r}, {a_site(root).admin_uid}, '/none'),"
        " ['-H', '-c', '2', '--wrap=true'])\n"
        "print(*sorted(set(sys.modules) - bare))"
    )
    with Answering(root, lambda _message: ([("exit", b"0"), ("id", b"1")], b"")):
        done = subprocess.run(
            [sys.executable, "-IS", "-c", probe], capture_output=True, text=True, check=True
        )
    loaded = {word for word in done.stdout.split() if not word.startswith("tinysched")}
    assert loaded <= {"_socket", "posix", "time", "errno", "fcntl", "__future__"}
    ours = {word for word in done.stdout.split() if word.startswith("tinysched.script.slurm.")}
    names = ("batchscript", "getopt", "refusals", "sbatch_options")
    assert ours == {f"tinysched.script.slurm.{name}" for name in names}
