"""A private queue run by real programs, and real users at its commands."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from installer import launchers, queue_root
from installer.choices import Choices
from tests.e2e.people import REPOSITORY, Person, is_alive, new_people, processes_of
from tests.wait import until
from tinysched.errors import TryLaterError
from tinysched.site import Site as Place
from tinysched.wire import client

OPEN = ("PENDING", "RUNNING", "COMPLETING")
CONFIG = "cpus: 4\nkill_wait_s: 0.5\n"
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
COMMAND_S = 30
Line = dict[str, Any]  # Any: an object of tsqueue --json, whose fields are of several types


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


class Site:
    """Programs, root and people of one queue; nothing runs before `start`."""

    def __init__(self, config: str = CONFIG) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="ts-"))
        self.place.chmod(0o755)
        self.people = new_people(3)
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

    def start(self, **more: str) -> Site:
        """Start the dispatcher as the admin, in the foreground of the test. `more`: variables."""
        with (self.place / "dispatcher.out").open("ab") as out:
            self._dispatcher = subprocess.Popen(
                [self.bin / "tinysched", "dispatcher"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                env=self.admin.environment(more),
                start_new_session=True,
                umask=0o022,
                **self.admin.person.identity,  # type: ignore[call-overload]  # uid and gids
            )
        self.until(lambda: self.dispatcher_pid, "the dispatcher answers")
        return self

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
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

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
            queue = self.ask("queue", "--all").out.decode(errors="replace")
        except TryLaterError as error:
            queue = error.sentence
        logs = [
            *self.place.glob("*.out"),
            *self.root.glob("logs/*"),
            *self.root.glob("users/*/agent.log"),
        ]
        tails = [f"--- {path}\n{path.read_text(errors='replace')[-3000:]}" for path in logs]
        listed = "\n".join(f"{pid} {line}" for pid, line in self.processes().items())
        return "\n".join([queue[-3000:], listed, *tails])

    # The end

    def calm(self) -> None:
        """End every job and see that nothing of it is left but dispatcher and agents."""
        if self.lines("-t", ",".join(OPEN)):
            self.ask("cancel", "-s", "KILL", "-t", ",".join(OPEN))
        self.until(lambda: not self.lines("-t", ",".join(OPEN)), "all jobs have ended")
        self.until(lambda: not self.strays(), "no process of an ended job is left")

    def strays(self) -> dict[int, str]:
        """Processes that are neither dispatcher nor agent."""
        known = {self.agent_pid(user) for user in (self.admin, self.ann, self.ben)}
        known.add(self._dispatcher.pid if self._dispatcher else None)
        return {pid: line for pid, line in self.processes().items() if pid not in known}

    def close(self) -> None:
        """Stop everything; fails if something of an ended job lived on. Removes all files."""
        try:
            if self._dispatcher is not None:
                self.calm()
                self.kill_dispatcher(signal.SIGTERM)
            for user in (self.admin, self.ann, self.ben):
                if pid := self.agent_pid(user):
                    os.kill(pid, signal.SIGTERM)
            self.until(lambda: not self.processes(), "every process of the queue has ended", 10)
        finally:
            for pid in self.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(self.place)


class User:
    """Somebody at a shell, in a directory of their own."""

    def __init__(self, site: Site, person: Person, name: str) -> None:
        self._numbers = itertools.count(1)
        self._name = name
        self.site = site
        self.person = person
        self.home = self._folder(site.place / name)
        self.here = self.home

    @property
    def name(self) -> str:
        """What listings call this user."""
        return self.person.name

    def _folder(self, path: Path) -> Path:
        path.mkdir(mode=0o755)
        return self.person.owns(path)

    def move(self) -> User:
        """The same user in a new, empty directory."""
        other = User.__new__(User)
        other.__dict__ |= self.__dict__
        other.here = self._folder(self.home / f"d{next(self._numbers)}")
        return other

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a login would set, and nothing of the test's own."""
        path = f"{self.site.place}/bin:{SYSTEM_PATH}"
        login = {"HOME": str(self.home), "USER": self.name, "LOGNAME": self.name}
        rest = {"PATH": path, "LANG": "C.UTF-8", "PWD": str(self.here), "SHELL": "/bin/bash"}
        return {**login, **rest, **(more or {})}

    def start(self, *command: object, **more: Any) -> subprocess.Popen[str]:  # Any: of Popen
        """A command, begun. `env` adds variables; the rest goes to Popen."""
        program = str(command[0])
        path = self.site.bin / program
        words = [str(path) if path.exists() else program, *map(str, command[1:])]
        options: dict[str, Any] = {  # Any: options of Popen
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "cwd": self.here,
            "umask": 0o022,
            "text": True,
            "errors": "surrogateescape",
            **self.person.identity,
            **more,
            "env": self.environment(more.get("env")),
        }
        return subprocess.Popen(words, **options)

    def run(self, *command: object, stdin: str | None = None, **more: Any) -> Done:  # Any: of Popen
        """A command, to its end."""
        if stdin is not None:
            more["stdin"] = subprocess.PIPE
        with self.start(*command, **more) as process:
            try:
                out, err = process.communicate(stdin, COMMAND_S)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                raise AssertionError(f"{command} does not end\n{out}\n{err}") from None
        return Done(process.returncode, out or "", err or "")

    def ok(self, *command: object, **more: Any) -> str:  # Any: of Popen
        """What a command prints that does what it is told and complains of nothing."""
        done = self.run(*command, **more)
        assert (done.code, done.err) == (0, ""), (command, done, self.site.report())
        return done.out

    def submit(self, *words: object, **more: Any) -> int:  # Any: of Popen
        """The number of the job that tsbatch makes of these words."""
        return int(self.ok("tsbatch", "--parsable", *words, **more))

    def wrap(self, command: str, *options: object, **more: Any) -> int:  # Any: of Popen
        """The number of a job that runs a command line."""
        return self.submit(*options, f"--wrap={command}", **more)

    def script(self, text: str, name: str = "job.sh") -> Path:
        """A script in this user's directory, with bash before its first line."""
        return self.file(name, f"#!/bin/bash\n{text}\n")

    def file(self, name: str, text: str) -> Path:
        """A file in this user's directory."""
        path = self.here / name
        path.write_text(text)
        return self.person.owns(path)

    def read(self, name: str) -> str:
        """What a file in this user's directory holds."""
        return (self.here / name).read_text(errors="surrogateescape")

    def until_file(self, name: str, text: str | None = None) -> None:
        """Wait until a job has made a file, or until it holds a text."""
        path = self.here / name
        self.site.until(
            lambda: path.exists() and (text is None or text in path.read_text()),
            f"{name} is there" if text is None else f"{name} says {text!r}",
        )
