"""Every public operation in a user's own directory, each where it has something to do."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tests.spool.disks import QuickDisk
from tests.spool.made import ending, grant, request_files
from tinysched.spool import outbox
from tinysched.spool.disk import Disk
from tinysched.spool.private import Private
from tinysched.spool.runrecords import AmendedRun, Started
from tinysched.spool.runs import RunDir
from tinysched.spool.store import Store

UID = os.geteuid()
STARTED = Started(pid=77, start_ticks=5, boot_id="boot-1", started_at=5.0)
LATER = 10**12
FACTS = b"nice 0\n"


def own(root: str) -> None:
    """Requests, bound and not, and runs at every stage; garbage, too."""
    store = Store.open(root, QuickDisk())
    store.load()
    store.close()
    for token in ("tok", "bound", "old"):
        os.close(outbox.write(root, UID, token, request_files(), QuickDisk()))
    private = Private.open(root, UID, QuickDisk())
    private.bind("bound", 5)
    for number in (7, 8, 9):
        run = private.claim(grant(number))
        run.reserve_exit()
        run.close()
    run_of(private, 8).write_started(STARTED)
    run_of(private, 9).write_started(STARTED)
    run_of(private, 9).write_ending(ending(grant(9)))
    at = Path(private.path, "runs")
    shutil.copytree(at / "9.1", at / ".gone.6.1")
    private.close()


def run_of(private: Private, number: int) -> RunDir:
    """One of the runs."""
    return next(run for run in private.runs() if run.run.job.number == number)


def seen(root: str) -> dict[str, object]:
    """All that an agent that begins finds: requests and runs; unfinished ones count for nothing."""
    found: dict[str, object] = {}
    private = Private.open(root, UID, QuickDisk())
    for token in private.tokens():
        with suppress(Exception):
            request = replace(private.request(token), script_path="")
            altered = private.alterations(token)
            found[f"request {token}"] = (request, private.bound(token), altered)
        found[f"attempts {token}"] = (
            str(private.attempts(token).tasks),
            private.attempts(token).last(None),
        )
    for run in private.runs():
        assert not run.worker_alive()
        assert not run.job_alive()
        if run.grant() is not None:
            facts = (run.grant(), run.started(), run.ending(), run.lingering(), run.amended())
            found[f"run {run.run}"] = facts
    found["shell"] = outbox.agent_shell(root, UID, QuickDisk())
    private.close()
    return found


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What tsbatch, an agent or a worker does. `uses`: the operations it is there for.

    `changes`: what of `seen` may be different afterwards.
    """

    name: str
    uses: tuple[str, ...]
    do: Callable[[str, Private, Disk], object]
    changes: str = ""

    def __str__(self) -> str:
        return self.name


def _write(root: str, _private: Private, disk: Disk) -> None:
    outbox.remove(root, UID, "new", disk)
    os.close(outbox.write(root, UID, "new", request_files(), disk))


def _take_back(root: str, _private: Private, disk: Disk) -> None:
    outbox.remove(root, UID, "tok", disk)


def _claim(_root: str, private: Private, _disk: Disk) -> None:
    private.claim(grant(10)).close()


def _reclaim(_root: str, private: Private, _disk: Disk) -> None:
    private.retire([run for run in private.runs() if run.run.job.number == 9], "tok")
    private.reclaim(replace(grant(10), token="bound")).close()
    private.beside.spares.drop()


def _listen(_root: str, private: Private, _disk: Disk) -> None:
    ear = private.beside.new_ear()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{private.beside.path}/{ear}")
    for run in private.runs():
        run.show_socket(ear)
        assert os.path.exists(run.socket_path)
    private.beside.drop_ear(ear)
    private.beside.leave()


def _secure(_root: str, private: Private, _disk: Disk) -> None:
    run_of(private, 7).secure()


def _lock(_root: str, private: Private, _disk: Disk) -> None:
    lock = private.lock_agent()
    assert lock is not None
    try:
        lock.hide_pid()
        lock.show_pid()
    finally:
        lock.release()


def _sign(_root: str, private: Private, _disk: Disk) -> None:
    run = run_of(private, 7)
    try:
        assert run.take_locks()
        run.sign()
    finally:
        run.close()


def _reserve(_root: str, private: Private, _disk: Disk) -> None:
    run_of(private, 7).reserve_exit()


def _started(_root: str, private: Private, _disk: Disk) -> None:
    run_of(private, 7).write_started(STARTED)


def _show_script(_root: str, private: Private, _disk: Disk) -> None:
    assert run_of(private, 7).show_script(7, "tok").endswith("/job7/slurm_script")


def _lingering(_root: str, private: Private, _disk: Disk) -> None:
    run_of(private, 8).write_lingering(("1234 sleep",))


def _amended(_root: str, private: Private, _disk: Disk) -> None:
    run_of(private, 8).write_amended(AmendedRun(limit_s=60, paused_at=7.5, paused_s=1.5))


def _ending(_root: str, private: Private, _disk: Disk) -> None:
    run_of(private, 8).write_ending(ending(grant(8)))


def _note_ending(_root: str, private: Private, _disk: Disk) -> None:
    run_of(private, 8).note_ending(ending(grant(8)))


def _secure_ending(_root: str, private: Private, _disk: Disk) -> None:
    run_of(private, 9).secure_ending()


def _forget(_root: str, private: Private, _disk: Disk) -> None:
    for run in private.runs():
        if run.run.job.number == 9:
            run.forget()


def _retire(_root: str, private: Private, _disk: Disk) -> None:
    for run in private.runs():
        if run.run.job.number == 9:
            private.retire([run], "tok")


def _look(_root: str, private: Private, _disk: Disk) -> None:
    assert private.script("tok").startswith(b"#!")
    assert private.submitted_at("tok") > 0
    assert not private.agent_alive()
    assert private.agent_pid() is None
    for run in private.runs():
        run.worker_pid()
        assert run.start_noted_at >= 0 <= run.end_noted_at
        assert private.run(run.run).path == run.path
        assert run.keep_open().fd == run.directory_fd
        run.let_go()
        run.close()


DEEDS = (
    Deed(name="write", uses=("outbox.write",), do=_write, changes="new"),
    Deed(name="take-back", uses=("outbox.remove",), do=_take_back, changes="tok"),
    Deed(
        name="open",
        uses=("Private.open", "Private.find", "Private.close"),
        do=lambda root, _private, disk: Private.find(root, UID, disk).close(),
    ),
    Deed(
        name="bind",
        uses=("Private.bind",),
        do=lambda _root, private, _disk: private.bind("tok", 6),
        changes="tok",
    ),
    Deed(
        name="alter",
        uses=("Private.alter",),
        do=lambda _root, private, _disk: private.alter("bound", 5, {"name": "x", "output": "y"}),
        changes="bound",
    ),
    Deed(name="claim", uses=("Private.claim",), do=_claim, changes="10.1"),
    Deed(
        name="reclaim",
        uses=("Private.reclaim", "RunDir.inside", "Spares.take", "Spares.put_by", "Spares.drop"),
        do=_reclaim,
        changes="9.1 10.1 tok",
    ),
    Deed(
        name="listen",
        uses=(
            "Beside.path",
            "Beside.new_ear",
            "Beside.drop_ear",
            "Beside.leave",
            "RunDir.show_socket",
        ),
        do=_listen,
    ),
    Deed(name="secure", uses=("RunDir.secure",), do=_secure),
    Deed(
        name="shell",
        uses=("Private.save_shell", "outbox.agent_shell"),
        do=lambda _root, private, _disk: private.save_shell(FACTS),
        changes="shell",
    ),
    Deed(
        name="lock",
        uses=(
            "Private.lock_agent",
            "AgentLock.take",
            "AgentLock.is_in_place",
            "AgentLock.write_pid",
            "AgentLock.hide_pid",
            "AgentLock.show_pid",
            "AgentLock.release",
        ),
        do=_lock,
    ),
    Deed(
        name="sign",
        uses=(
            "RunDir.take_locks",
            "RunDir.sign",
            "RunDir.close",
            "RunDir.release_locks",
            "RunDir.release_worker_lock",
            "RunDir.release_alive",
        ),
        do=_sign,
    ),
    Deed(name="reserve", uses=("RunDir.reserve_exit",), do=_reserve),
    Deed(name="started", uses=("RunDir.write_started",), do=_started, changes="7.1"),
    Deed(name="amended", uses=("RunDir.write_amended",), do=_amended, changes="8.1"),
    Deed(name="show-script", uses=("RunDir.show_script",), do=_show_script),
    Deed(name="lingering", uses=("RunDir.write_lingering",), do=_lingering, changes="8.1"),
    Deed(name="ending", uses=("RunDir.write_ending",), do=_ending, changes="8.1"),
    Deed(name="note-ending", uses=("RunDir.note_ending",), do=_note_ending, changes="8.1"),
    Deed(name="secure-ending", uses=("RunDir.secure_ending",), do=_secure_ending),
    Deed(name="forget", uses=("RunDir.forget",), do=_forget, changes="9.1"),
    Deed(name="retire", uses=("Private.retire",), do=_retire, changes="9.1 tok"),
    Deed(
        name="collect-garbage",
        uses=("Private.collect_garbage",),
        do=lambda _root, private, _disk: private.collect_garbage(["tok", "bound"], LATER),
        changes="old",
    ),
    Deed(
        name="clear-runs",
        uses=("Beside.clear",),
        do=lambda _root, private, _disk: private.beside.clear(),
    ),
    Deed(
        name="look",
        uses=(
            "Private.tokens",
            "Private.submitted_at",
            "Private.request",
            "Private.script",
            "Private.alterations",
            "Private.bound",
            "Private.attempts",
            "Private.run",
            "Private.runs",
            "Private.agent_alive",
            "Private.agent_pid",
            "Private.agent_began_at",
            "RunDir.grant",
            "RunDir.worker_pid",
            "RunDir.worker_alive",
            "RunDir.job_alive",
            "RunDir.started",
            "RunDir.start_noted_at",
            "RunDir.lingering",
            "RunDir.amended",
            "RunDir.ending",
            "RunDir.end_noted_at",
            "RunDir.directory_fd",
            "RunDir.keep_open",
            "RunDir.let_go",
        ),
        do=_look,
    ),
)
# Names of things; what is handed on with a descriptor (tests/programs); best effort.
LEFT_OUT = {
    "Private.path",
    "Private.descriptors",
    "Private.log_path",
    "Private.inherit_lock",
    "AgentLock.inherit",
    "RunDir.path",
    "RunDir.socket_path",
    "RunDir.started_path",
    "outbox.pack",
    "outbox.together",
    "outbox.note",
    "outbox.open_users",
}
