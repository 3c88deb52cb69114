"""supervisord around the dispatcher: its configuration filled in, started, asked, ended.

supervisord runs the dispatcher in the foreground and starts it again however it ended. Jobs are
never its children, so nothing that is done to it reaches them.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import sys
import tempfile
import xmlrpc.client
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from supervisor.xmlrpc import SupervisorTransport

import tinysched
from tinysched.errors import RefusedError, TinyschedError
from tinysched.host import detach
from tinysched.site import Site

PROGRAM = "tinysched"
CONFIG = "run/supervisord.conf"
LOG = "logs/supervisord.out"
SOCKET = "run/supervisor.sock"
# supervisord binds to the name with its pid behind it; the kernel takes 107 bytes.
LONGEST_SOCKET = 107 - len(".4194304")
ALREADY_STARTED, NOT_RUNNING = 60, 70


class Supervisor:
    """The supervisord of one root."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.config = f"{site.root}/{CONFIG}"

    def pid(self) -> int | None:
        """The pid of a supervisord that answers; None: there is none (or it is not ours to ask)."""
        try:
            return cast("int", self._ask().supervisor.getPID())
        except (OSError, xmlrpc.client.Error, TinyschedError):
            return None

    def start(self, environment: Mapping[str, str]) -> None:
        """Start supervisord, or the dispatcher below one that is there already.

        Raises: TinyschedError.
        """
        if self.pid() is not None:
            self._order("startProcess", PROGRAM, but=ALREADY_STARTED)
            return
        self._forget_socket()
        _write(self.config, fill(self._site, self._free_socket()))
        argv = [sys.executable, "-I", "-m", "supervisor.supervisord", "-n", "-s"]
        detach.detach_and_exec([*argv, "-c", self.config], environment, f"{self._site.root}/{LOG}")

    def restart_program(self) -> None:
        """End the dispatcher and start it again, below the same supervisord."""
        self._order("stopProcess", PROGRAM, but=NOT_RUNNING)
        self._order("startProcess", PROGRAM, but=ALREADY_STARTED)

    def shut_down(self) -> None:
        """End the dispatcher, then supervisord."""
        self._order("shutdown")

    def has_stopped(self) -> bool:
        """Whether it is gone; clears away its socket if that lay in the temporary directory."""
        if self.pid() is not None:
            return False
        self._forget_socket()
        return True

    def _order(self, method: str, *arguments: str, but: int = 0) -> None:
        """Have supervisord do something; the fault `but` means that it was so already."""
        try:
            getattr(self._ask().supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode != but:
                raise RefusedError(
                    f"cannot have supervisord do {method}: {fault.faultString}",
                    f"look into {self._site.root}/logs/dispatcher.out",
                ) from None
        except (OSError, xmlrpc.client.Error) as error:
            raise TinyschedError(f"cannot talk to supervisord: {error}") from None

    def _ask(self) -> xmlrpc.client.ServerProxy:
        path = self._socket()
        if path is None:
            raise TinyschedError(f"no supervisord was ever started for {self._site.root}")
        transport = SupervisorTransport(None, None, f"unix://{path}")
        return xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)

    def _socket(self) -> str | None:
        """Where the last one that was started listens."""
        try:
            text = Path(self.config).read_text(encoding="utf-8")
        except OSError:
            return None
        found = re.search(r"^file=(.+)$", text, re.MULTILINE)
        return found[1] if found else None

    def _free_socket(self) -> str:
        path = f"{self._site.root}/{SOCKET}"
        if len(path.encode()) <= LONGEST_SOCKET:
            return path
        return f"{tempfile.mkdtemp(prefix='tinysched-')}/supervisor.sock"

    def _forget_socket(self) -> None:
        """Remove the private directory of an earlier one in the temporary directory."""
        path = self._socket()
        if path is None or path.startswith(f"{self._site.root}/"):
            return
        folder = os.path.dirname(path)
        try:
            facts = os.lstat(folder)
            if facts.st_uid == os.geteuid() and stat.S_IMODE(facts.st_mode) == 0o700:
                Path(path).unlink(missing_ok=True)
                os.rmdir(folder)
        except OSError:
            return


def fill(site: Site, socket: str) -> str:
    """The text of the root's supervisord.conf.

    Raises: RefusedError for a path that the file's grammar cannot hold.
    """
    for path in (site.root, site.bin_dir, socket):
        if re.search(r"[\x00-\x1f%\"'\\]|\s[;#]", path):
            raise RefusedError(
                f"cannot write {path!r} into a supervisord.conf: choose another path"
            )
    command = shlex.join([f"{site.bin_dir}/tinysched", "dispatcher", "--supervised"])
    marks = {
        "@ROOT@": site.root,
        "@SOCKET@": socket,
        "@COMMAND@": command,
        "@ENVIRONMENT@": f'TJS_ROOT="{site.root}"',
        "@USER@": "user=root" if os.geteuid() == 0 else "",
    }
    text = _template()
    for mark, value in marks.items():
        text = text.replace(mark, value)
    return text


def _template() -> str:
    """conf/supervisord.conf, which lies beside the package, in the sources and when installed."""
    folder = Path(tinysched.__file__).resolve().parent.parent
    try:
        return (folder / "conf" / "supervisord.conf").read_text(encoding="utf-8")
    except OSError as error:
        raise TinyschedError(
            f"cannot read {folder}/conf/supervisord.conf: {error.strerror}",
            "the installation is incomplete: run install.py again",
        ) from None


def _write(path: str, text: str) -> None:
    """Replace the file whole; supervisorctl may be reading it."""
    temporary = f"{path}.new.{os.getpid()}"
    try:
        Path(temporary).write_text(text, encoding="utf-8")
        os.chmod(temporary, 0o640)
        os.rename(temporary, path)
    except OSError as error:
        raise TinyschedError(f"cannot write {path}: {error.strerror}") from None
