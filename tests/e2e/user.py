"""A user of a private queue, at its commands."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.people import Person

if TYPE_CHECKING:
    from tests.e2e.rig import Site

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
COMMAND_S = 30


@dataclass(frozen=True)
class Done:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


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
