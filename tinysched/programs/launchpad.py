"""From a grant to a worker that holds the run's locks, and nothing else of the agent's."""

from __future__ import annotations

import os

from tinysched.errors import TinyschedError
from tinysched.host import processes
from tinysched.host.clock import Clock
from tinysched.job.runs import Cause, Grant
from tinysched.programs import worker
from tinysched.programs.assignment import Assignment, Registry
from tinysched.programs.crew import Crew
from tinysched.programs.shift import Handed, Shift, open_line
from tinysched.programs.ward import Ward
from tinysched.spool.private import Private
from tinysched.spool.runs import RunDir
from tinysched.wire.channel import Listener

SOCKET_MODE = 0o600


class Launchpad:
    """Claims an attempt and finds it a worker. `bell` is where workers ring when there is news."""

    def __init__(self, private: Private, registry: Registry, clock: Clock, bell: int) -> None:
        self._private = private
        self._registry = registry
        self._clock = clock
        self._bell = bell
        self.crew = Crew(private, clock)

    def assignment(self, grant: Grant) -> Assignment:
        """What a grant stands for.

        Raises: TinyschedError if this user never submitted such a thing.
        """
        return self._registry.assign(grant)

    def begin(self, grant: Grant) -> Ward:
        """Claims the attempt and starts it; one that only its client could start ends here.

        Raises: AlreadyClaimedError; TinyschedError if it cannot be started at all.
        """
        assignment = self._registry.assign(grant)
        # A foreground client may be claiming its run just now.
        is_shared = assignment.request.foreground
        claim = self._private.claim if is_shared else self._private.reclaim
        ward = Ward(claim(grant), grant, assignment)
        try:
            if assignment.request.foreground:  # its client has gone, and now cannot begin any more
                ward.fail(self._clock, Cause.CANCEL, "")
                ward.dir.close()
            else:
                self.start_worker(ward)
        except TinyschedError:
            ward.close()
            ward.dir.forget()
            raise
        return ward

    def start_worker(self, ward: Ward) -> None:
        """Has a worker take up a claimed run whose locks are held by this process.

        Raises: TinyschedError.
        """
        handed = Handed(
            grant=ward.grant,
            worker_lock_fd=ward.dir.worker_lock_fd,
            alive_fd=ward.dir.alive_fd,
        )
        try:
            ward.worker = self.crew.hand_over(handed, ward.dir) or self._fork(ward)
        except OSError as error:
            why = f"cannot start a worker: {error.strerror}"
            raise TinyschedError(why, "too many processes: see ulimit -u") from error
        finally:
            ward.dir.close()

    def _fork(self, ward: Ward) -> int:
        """A new worker. Raises: OSError; TinyschedError."""
        assignment = ward.assignment
        assert assignment is not None, "a worker is started for what was assigned"
        ear = self._private.beside.new_ear()
        listener = Listener(self._private.beside.path, ear, SOCKET_MODE)
        line, shift = open_line()
        tools = worker.Tools(
            clock=self._clock,
            private=self._private,
            run=ward.dir,
            listener=listener,
            bell=self._bell,
        )

        def work() -> int:
            self._drop_all_but(ward.dir, listener, shift)
            return worker.work(assignment, tools, worker.Next(registry=self._registry, shift=shift))

        try:
            ward.dir.show_socket(ear)
            pid = processes.fork_worker(work)
        except (OSError, TinyschedError):
            line.close()
            self._private.beside.drop_ear(ear)
            raise
        finally:
            shift.close()
            listener.abandon()
        self.crew.join(pid, line, ear)
        return pid

    def _drop_all_but(self, run: RunDir, listener: Listener, shift: Shift) -> None:
        """In the worker: the agent's lock and its line to the dispatcher end with the agent."""
        keep = {0, 1, 2, run.worker_lock_fd, run.alive_fd, self._bell, shift.fileno()}
        keep |= {run.directory_fd, *listener.descriptors, *self._private.descriptors}
        for name in os.listdir("/proc/self/fd"):
            if int(name) not in keep:
                try:
                    os.close(int(name))
                except OSError:
                    continue  # the listing's own
