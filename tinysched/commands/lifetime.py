"""Starting and ending a dispatcher from outside, and waiting until it is so."""

from __future__ import annotations

import os
import posix
from collections.abc import Callable

from tinysched.commands.supervision import Supervisor
from tinysched.errors import RefusedError, TinyschedError, TryLaterError
from tinysched.host import become, detach, identity, processes, tree
from tinysched.host.clock import Clock
from tinysched.site import Site
from tinysched.wire import client

LOG = "logs/dispatcher.out"
LOGS = (LOG, "logs/supervisord.out")
LOOK_EVERY_S = 0.05
START_S = 20.0
STOP_S = 30.0
# An error of the program's own, which it says before it leaves.
COMPLAINTS = ("tinysched: error:", "tinysched: bug:", "Error: ")


def act_as_admin(site: Site, verb: str = "start or stop the dispatcher of") -> None:
    """See that whoever does something to the queue is its admin; root becomes the admin.

    Raises: RefusedError for anybody else, and when there is no root.
    """
    try:
        owner = os.stat(site.root).st_uid if site.admin_uid is None else site.admin_uid
    except OSError as error:
        raise RefusedError(
            f"cannot use {site.root}: {error.strerror}", "install.py makes a queue there"
        ) from None
    me = os.geteuid()
    if me == 0 and owner != 0:
        become.become(owner)
    elif me != owner:
        raise RefusedError(
            f"cannot {verb} {site.root}: only"
            f" {identity.user_name(owner)}, the queue's admin, and root can"
        )


def answering_pid(site: Site) -> int | None:
    """The pid of the dispatcher that answers; None: none does.

    Raises: WireError if it is somebody else's.
    """
    try:
        return client.ask(site, "status", []).server_pid
    except TryLaterError:
        return None


class Lifetime:
    """Start, stop and restart the dispatcher of one site."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self._site = site
        self._clock = clock
        self._supervisor = Supervisor(site)

    def start(self) -> str:
        """Detach a dispatcher of its own; answers in words what came of it."""
        argv = [f"{self._site.bin_dir}/tinysched", "dispatcher", "--root", self._site.root]
        log = f"{self._site.root}/{LOG}"
        return self._start(lambda: detach.detach_and_exec(argv, self._environment(), log))

    def start_supervised(self) -> str:
        """Start supervisord around it; answers in words what came of it."""
        try:
            words = self._start(lambda: self._supervisor.start(self._environment()))
        except TinyschedError:
            if self._supervisor.pid() is not None:
                self._supervisor.shut_down()
            raise
        return f"{words}\n{self.supervision()}".rstrip()

    def stop(self) -> str:
        """End the dispatcher, and supervisord first if there is one."""
        pid = answering_pid(self._site)
        supervisor = self._supervisor.pid()
        if supervisor is not None:
            self._supervisor.shut_down()
            self._wait(
                lambda: self._supervisor.has_stopped() and tree.has_ended(supervisor),
                STOP_S,
                "supervisord does not end",
            )
        elif pid is not None:
            processes.send(pid, 15)
        if pid is None:
            return "the dispatcher was not running"
        self._wait(lambda: tree.has_ended(pid), STOP_S, f"pid {pid} does not end")
        return f"stopped (pid {pid}); running jobs go on"

    def restart(self) -> str:
        """End it and start it again, the same way as before."""
        if self._supervisor.pid() is None:
            self.stop()
            return self.start()
        self._supervisor.restart_program()
        return self._started("restarted under supervisord")

    def supervision(self) -> str:
        """Who keeps the dispatcher alive, as far as the caller may know."""
        pid = self._supervisor.pid()
        if pid is None:
            return ""
        return f"supervisord (pid {pid}) keeps it running: {self._supervisor.config}"

    def _start(self, launch: Callable[[], None]) -> str:
        pid = answering_pid(self._site)
        if pid is not None:
            return f"already running (pid {pid})"
        self._make_places()
        paths = [f"{self._site.root}/{log}" for log in LOGS]
        before = [(path, _size(path)) for path in paths]
        launch()
        return self._started("started", lambda: _complaint(before))

    def _started(self, words: str, fails: Callable[[], str] = lambda: "") -> str:
        """Wait until it answers."""
        self._wait(
            lambda: answering_pid(self._site) is not None, START_S, "it does not answer", fails
        )
        return f"{words} (pid {answering_pid(self._site)})"

    def _wait(
        self,
        condition: Callable[[], bool],
        patience_s: float,
        otherwise: str,
        fails: Callable[[], str] = lambda: "",
    ) -> None:
        until = self._clock.boottime() + patience_s
        while not condition():
            why = fails() or (otherwise if self._clock.boottime() > until else "")
            if why:
                raise TinyschedError(
                    f"cannot bring the dispatcher of {self._site.root} to do that: {why}",
                    f"look into {self._site.root}/logs",
                )
            self._clock.sleep(LOOK_EVERY_S)

    def _make_places(self) -> None:
        """The directories needed before the dispatcher makes those that are missing."""
        for place in (f"{self._site.root}/logs", f"{self._site.root}/run"):
            try:
                os.mkdir(place, 0o700)
                os.chmod(place, 0o2750)
            except FileExistsError:
                continue
            except OSError as error:
                raise TinyschedError(f"cannot make {place}: {error.strerror}") from None

    def _environment(self) -> dict[str, str]:
        """The caller's, without what belongs to a job, and with the root."""
        kept = {
            os.fsdecode(name): os.fsdecode(value)
            for name, value in posix.environ.items()
            if not name.startswith((b"SLURM_", b"SBATCH_", b"SUPERVISOR_"))
        }
        return kept | {"TJS_ROOT": self._site.root}


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _complaint(logs: list[tuple[str, int]]) -> str:
    """What a program has said of itself since those sizes of its logs, if that was an error."""
    for path, offset in logs:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                file.seek(offset)
                lines = file.read(65536).splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(COMPLAINTS):
                return line.rpartition("error: ")[2].removeprefix("Error: ")
    return ""
