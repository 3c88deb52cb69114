"""What a job of sbatch finds: variables, limits, directories; and what its owner hears by mail."""

from __future__ import annotations

import socket
from email import message_from_bytes

from tests.e2e.rig import CONFIG, Site
from tests.e2e.user import User

SBATCH = "slurm/sbatch"
HOST = socket.gethostname().split(".")[0]


def test_a_job_finds_what_slurm_would_give_it(site: Site, ann: User):
    script = (
        'case $0 in */job"$SLURM_JOB_ID"/slurm_script) echo own;; esac; ulimit -m; ulimit -S -n'
        '; echo "[${SLURM_CPUS_PER_TASK-none}] $SLURM_OPEN_MODE $SLURM_TASKS_PER_NODE"; pwd'
        "; echo $TMPDIR >&2"
    )
    options = ("-n2", "--mem=100", "--open-mode=append", "--propagate=CORE", "-D", "/no/such")
    done = ann.run(
        SBATCH, "--wait", *options, "-o", f"{ann.here}/o", "-e", f"{ann.here}/e",
        f"--wrap={script}", env={"TMPDIR": "/nowhere/at/all"},
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    own, memory, files, told, where = ann.read("o").splitlines()
    assert (own, memory, told, where) == ("own", "102400", "[none] a 2", "/tmp")
    assert int(files) > 256
    speaker = f"slurmstepd-{HOST}: error:"
    astray = f"{speaker} couldn't chdir to `/no/such': No such file or directory: going to /tmp"
    assert ann.read("e").splitlines() == [
        *[f"{astray} instead"] * 2,
        f"{speaker} Unable to create TMPDIR [/nowhere/at/all]: No such file or directory",
        f"{speaker} Setting TMPDIR to /tmp",
        "/tmp",
    ]


def test_the_directory_of_its_output_may_be_made_when_sbatch_has_returned(site: Site, ann: User):
    words = ("--parsable", "-o", f"{ann.here}/late/o", "--wrap=echo here")
    number = ann.ok(SBATCH, *words).strip()
    ann.run("mkdir", f"{ann.here}/late")
    assert set(site.until_ended(int(number))) == {number}
    assert ann.read("late/o") == "here\n"


def test_a_mail_says_how_a_job_ended(own_site: Site):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        own_site.configure(f"{CONFIG}mail_by: smtp\nmail_server: 127.0.0.1:{port}\n")
        own_site.admin.ok("tsdaemon", "reload")
        user = own_site.ann
        options = ("--mail-type=FAIL", "--mail-user=ann@example.org", "-J", "x")
        number = user.ok(SBATCH, "--parsable", *options, "--wrap=exit 3").strip()
        server.settimeout(20)
        line, _ = server.accept()
        with line, line.makefile("rwb") as file:
            mail = receive(file)
    assert mail["To"] == "ann@example.org"
    assert mail["Subject"].startswith(f"Slurm Job_id={number} Name=x Failed, Run time 00:00:0")
    assert mail["Subject"].endswith(", FAILED, ExitCode 3")


def receive(file):
    """A mail server's part."""
    for reply in (b"220 here", b"250 ok", b"250 ok", b"250 ok", b"354 go on"):
        file.write(reply + b"\r\n")
        file.flush()
        file.readline()
    mail = b"".join(iter(file.readline, b".\r\n"))
    for reply in (b"250 taken", b"221 bye"):
        file.write(reply + b"\r\n")
        file.flush()
        file.readline()
    return message_from_bytes(mail)
