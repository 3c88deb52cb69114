"""A private queue run by real programs: started, watched, and ended with all that is left of it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from installer import launchers, queue_root
from installer.choices import Choices
from tests.e2e.people import REPOSITORY, Person, is_alive, new_people, processes_of
from tests.e2e.user import COMMAND_S, User
from tests.wait import until
from tinysched.errors import TryLaterError
from tinysched.site import Site as Place
from tinysched.spool.tree import LISTENS_PREFIX, SPARE_PREFIX
from tinysched.wire import client

OPEN = ("PENDING", "RUNNING", "SUSPENDED", "COMPLETING")
CONFIG = "cpus: 4\nkill_wait_s: 0.5\n"
Line = dict[str, Any]  # Any: an object of tsqueue --json, whose fields are of several types


# Kept for runs to come: no runs.
BESIDE = (SPARE_PREFIX, LISTENS_PREFIX)


class Site:
    """Programs, root and people of one queue; nothing runs before `start`."""

    def __init__(self, config: str = CONFIG, people: list[Person] | None = None) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="ts-"))
        self.place.chmod(0o755)
        self.people = people or new_people(3)
        self.admin, self.ann, self.ben = (
            User(self, person, name)
            for person, name in zip(self.people, ("admin", "ann", "ben"), strict=True)
        )
        self.choices = self._choices()
        self.root, self.bin = Path(self.choices.root), Path(self.choices.bin_dir)
        self._install()
        self.configure(config)
        self._dispatcher: subprocess.Popen[bytes] | None = None

    def _choices(self) -> Choices:
        admin = self.admin.person
        return Choices(
            prefix=f"{self.place}/lib",
            bin_dir=f"{self.place}/bin",
            root=f"{self.place}/queue",
            lock_dir="",
            admin=admin.name,
            admin_uid=admin.uid,
            group=str(admin.gid),
            gid=admin.gid,
            secure_acl=False,
            slurm_names=True,
        )

    def _install(self) -> None:
        """Launchers as install.py writes them, for the checkout and its own environment."""
        version = self.place / "lib" / "versions" / "checkout"
        (version / "commands").mkdir(parents=True)
        (version / "ours").symlink_to(REPOSITORY)
        for name in ("bin", "lib", "pyvenv.cfg"):
            (version / name).symlink_to(Path(sys.prefix) / name)
        launchers.write(self.choices, str(version))
        Path(self.choices.current).symlink_to(version)
        launchers.publish(self.choices)
        queue_root.make(self.choices)

    def configure(self, text: str) -> None:
        """Replace config.yaml; a running dispatcher is not told."""
        path = self.root / "config.yaml"
        path.write_text(text)
        path.chmod(0o640)
        self.admin.person.owns(path)

    # The dispatcher

    def start(self, entered: Sequence[str] = (), **more: str) -> Site:
        """Start the dispatcher as the admin, in the foreground of the test. `more`: variables.

        `entered`: words that make a command the admin's on a host that has other accounts.
        """
        with (self.place / "dispatcher.out").open("ab") as out:
            self._dispatcher = subprocess.Popen(
                [*entered, self.bin / "tinysched", "dispatcher"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                env=self.admin.environment(more),
                start_new_session=True,
                umask=0o022,
                **({} if entered else self.admin.person.identity),  # type: ignore[call-overload]  # uid and gids
            )
        self.until(lambda: self.dispatcher_pid, "the dispatcher answers")
        return self

    def start_supervised(self) -> Site:
        """Have supervisord keep a dispatcher alive, as the admin does."""
        self.admin.ok("tsdaemon", "start", "--supervised")
        return self

    @property
    def supervisor_pid(self) -> int:
        """The supervisord that was started last."""
        return int((self.root / "run" / "supervisord.pid").read_text())

    @property
    def dispatcher_pid(self) -> int | None:
        """The dispatcher that answers."""
        try:
            return self.ask("status").server_pid
        except TryLaterError:
            return None

    def kill_dispatcher(self, signum: int = signal.SIGKILL) -> None:
        """End the dispatcher that `start` started, and wait until it is gone."""
        assert self._dispatcher is not None
        self._dispatcher.send_signal(signum)
        self._dispatcher.wait(COMMAND_S)
        self._dispatcher = None

    def ask(self, verb: str, *words: str) -> client.Reply:
        """A question to the dispatcher, without the costs of a command."""
        fields = [("command", b"tests"), *(("arg", word.encode()) for word in words)]
        admin_uid = self.admin.person.uid
        return client.ask(Place(str(self.root), admin_uid, str(self.bin)), verb, fields)

    # Agents

    def agent_pid(self, user: User | None = None) -> int | None:
        """The living agent of a user (of ann if nobody is named)."""
        uid = (user or self.ann).person.uid
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.root / "users" / f"u{uid}" / "agent.lock").read_text())
            return pid if is_alive(pid) else None
        return None

    def processes(self) -> dict[int, str]:
        """Everything that runs in this queue."""
        return processes_of(self.people, self.place)

    def runs(self, user: User | None = None) -> list[str]:
        """The attempts that a user's agent has not been told to forget."""
        uid = (user or self.ann).person.uid
        folder = self.root / "users" / f"u{uid}" / "runs"
        names = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
        return [name for name in names if not name.startswith(BESIDE)]

    # Jobs

    def lines(self, *words: str) -> list[Line]:
        """What `tsqueue --json` lists."""
        reply = self.ask("queue", "--json", *words)
        assert reply.exit_code == 0, reply.err
        return list(json.loads(reply.out)["jobs"])

    def job(self, name: object) -> Line:
        """The one line of a job or task."""
        (line,) = self.lines("-r", "-j", str(name))
        return line

    def until_state(self, name: object, state: str, timeout_s: float = 20) -> Line:
        """Wait until a job is in a state; fails at once when it ended in another."""

        def hopeless() -> str | None:
            line = self._try_job(name)
            if line is None or line["state"] in (state, *OPEN):
                return None
            return f"it is {line['state']} ({line['reason']}: {line['reason_words']})"

        def is_there() -> bool:
            line = self._try_job(name)
            if line is None or line["state"] != state:
                return False
            return state != "RUNNING" or line["started_at"] is not None

        self.until(is_there, f"job {name} is {state}", timeout_s, hopeless)
        return self.job(name)

    def _try_job(self, name: object) -> Line | None:
        """Its line, or None while no dispatcher runs."""
        try:
            return self.job(name)
        except TryLaterError:
            return None

    def until_ended(self, name: object, timeout_s: float = 20) -> dict[str, Line]:
        """Wait until a job, or all of an array, has ended; its lines by their names."""

        def have_ended() -> bool:
            try:
                return not self.lines("-j", str(name), "-t", ",".join(OPEN))
            except TryLaterError:
                return False

        self.until(have_ended, f"job {name} has ended", timeout_s)
        return {line["id"]: line for line in self.lines("-r", "-j", str(name))}

    def completes(self, name: object, timeout_s: float = 20) -> Line:
        """Wait until a job is COMPLETED."""
        return self.until_state(name, "COMPLETED", timeout_s)

    def until_start_recorded(self, number: object) -> None:
        """The record of a job that runs says so: it has not been written at once."""
        record = self.root / "queue" / "running" / f"job_{number}.meta"
        self.until(
            lambda: record.exists() and '"is": "running"' in record.read_text(),
            "its start is recorded",
        )

    def record(self, number: int, folder: str) -> dict[str, Any]:  # Any: a record of several types
        """What the spool holds of a job, in this folder of the queue."""
        path = self.root / "queue" / folder / f"job_{number}.meta"
        return dict(json.loads(path.read_text()))

    def until(
        self,
        condition: Callable[[], object],
        says: str,
        timeout_s: float = 20,
        fails: Callable[[], str | None] | None = None,
    ) -> None:
        """tests.wait.until, with a view of the queue in what it complains."""
        try:
            until(condition, says, timeout_s, fails)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.report()}") from None

    def report(self) -> str:
        """Queue, processes and the ends of all logs, for whoever reads a failure."""
        try:
            queue = self.ask("queue", "-t", ",".join(OPEN)).out.decode(errors="replace")
            queue += self.ask("queue", "--all").out[-2000:].decode(errors="replace")
        except TryLaterError as error:
            queue = error.sentence
        logs = [
            *self.place.glob("*.out"),
            *self.root.glob("logs/*"),
            *self.root.glob("users/*/agent.log"),
        ]
        tails = [f"--- {path}\n{path.read_text(errors='replace')[-30000:]}" for path in logs]
        listed = "\n".join(f"{pid} {line}" for pid, line in self.processes().items())
        return "\n".join([queue, listed, *tails])

    # The end

    def calm(self) -> None:
        """End every job and see that nothing of it is left but dispatcher and agents."""
        if self.lines("-t", ",".join(OPEN)):
            self.ask("cancel", "-s", "KILL", "-t", ",".join(OPEN))
        self.until(lambda: not self.lines("-t", ",".join(OPEN)), "all jobs have ended")
        self.until(lambda: not self.strays(), "no process of an ended job is left")

    def strays(self) -> dict[int, str]:
        """Processes that are neither dispatcher nor agent, nor a worker that waits for a run."""
        agents = {self.agent_pid(user) for user in (self.admin, self.ann, self.ben)}
        programs = (f"{self.bin}/tinysched dispatcher", "supervisor.supervisord")
        return {
            pid: line
            for pid, line in self.processes().items()
            if pid not in agents
            and not any(program in line for program in programs)
            and _title(pid) != "ts idle"
        }

    def close(self) -> None:
        """Stop everything; fails if something of an ended job lived on. Removes all files."""
        try:
            if self.dispatcher_pid is not None:
                self.calm()
            if self._dispatcher is not None:
                self.kill_dispatcher(signal.SIGTERM)
            else:
                self.admin.run("tsdaemon", "stop")
            for user in (self.admin, self.ann, self.ben):
                if pid := self.agent_pid(user):
                    os.kill(pid, signal.SIGTERM)
            self.until(lambda: not self.processes(), "every process of the queue has ended", 10)
        finally:
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.place)


def _title(pid: int) -> str:
    """What a process calls itself; '' if it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""
