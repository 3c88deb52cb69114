"""A job in its user's own terminal: waits in the queue, then runs as a child of this process.

Runs as: the user, started by run_job.sh, one process a job.
Reads:   the grant, over its own connection to the dispatcher.
Writes:  users/u<uid>/requests/ and runs/, as tsbatch and the agent do for other jobs.
If it dies: what waits is cancelled; what runs is ended by its worker, and the agent reports it.
"""

from __future__ import annotations

import os
import signal
import sys

from tinysched.errors import RefusedError, TinyschedError
from tinysched.host import caller, processes, terminal
from tinysched.host.clock import Clock, SystemClock
from tinysched.job.model import Exit
from tinysched.job.runs import Cause, Ending, Grant
from tinysched.programs import holding, worker
from tinysched.programs.assignment import Registry
from tinysched.programs.kin import Roll
from tinysched.programs.line import BY_SIGNAL, Line
from tinysched.programs.manners import of_slurm, run_job
from tinysched.programs.ward import Ward
from tinysched.site import Site
from tinysched.spool.private import Private
from tinysched.wire import messages
from tinysched.wire.channel import Listener

ACK_S = 3.0
SOCKET_MODE = 0o600


def main(site: Site, argv: list[str], command: str = "run_job") -> int:
    """Runs one command when its cores are free; its exit code is ours."""
    try:
        cwd = os.getcwd()
    except OSError as error:
        raise RefusedError(
            f"cannot tell the working directory: {error.strerror}", "cd to one that exists"
        ) from None
    if command == "run_job":
        manners = run_job(argv, cwd)
    else:
        manners = of_slurm(command, argv, caller.variables())
    private = Private.open(site.root, os.getuid())
    processes.set_subreaper()
    clock = SystemClock()
    line = Line(site, clock, argv, cwd, manners)
    code = line.enter()
    if code is None and manners.script:
        line.hang_up()
        return holding.hold(site, clock, line)
    if code is None:
        code = line.wait_for_grant()
    return _Foreground(site, private, clock, line).run() if code is None else code


class _Foreground:
    def __init__(self, site: Site, private: Private, clock: Clock, line: Line) -> None:
        self._site = site
        self._private = private
        self._clock = clock
        self._line = line

    def run(self) -> int:
        grant = self._line.grant
        assert grant is not None, "waited for"
        try:
            assignment = Registry(self._site, self._private).assign(grant)
            ward = Ward(self._private.claim(grant), grant, assignment)
        except TinyschedError as error:
            self._refuse(grant, error.sentence)
            raise
        self._line.ward = ward
        listener = Listener(ward.dir.path, "ctl.sock", SOCKET_MODE)
        tools = worker.Tools(
            clock=self._clock,
            private=self._private,
            run=ward.dir,
            listener=listener,
            bell=self._line.bell,
        )

        def work() -> int:
            self._line.hang_up()
            return worker.work(assignment, tools)

        child = processes.fork_worker(work)
        ward.dir.release_locks()
        listener.abandon()
        self._watch(ward, child)
        if ward.ending is None and ward.started is not None:
            self._watch_in_custody(ward)
        return self._leave(ward)

    def _refuse(self, grant: Grant, words: str) -> None:
        ending = Ending(
            run=grant.run,
            cause=Cause.LAUNCH,
            exit=None,
            started_at=None,
            ended_at=self._clock.wall(),
            words=words,
        )
        self._line.tell("ended", messages.ending_fields(ending))

    def _watch(self, ward: Ward, child: int) -> None:
        """Until the worker has ended; passes on what it is told, to both sides."""
        while not any(reaped.pid == child for reaped in processes.reap()):
            while self._line.signals:
                self._line.manners.tells(self._line.signals.pop(0), ward)
            if not ward.told_started:
                self._tell_started(ward)
            self._tell_who_lingers(ward)
            ward.tell_steps(self._clock.wall(), self._line.tell)
            self._poll(None)
            self._line.listen()
        ward.look()

    def _watch_in_custody(self, ward: Ward) -> None:
        """The worker was killed; as a subreaper this process is the script's parent now."""
        roll = Roll(self._private, self._clock, tuple)
        ward.take_over(self._clock, roll)
        custody, script = ward.custody, ward.script
        while custody is not None and not custody.is_over:
            for reaped in processes.reap():
                if reaped.pid == script:
                    ward.script_gone(Exit(code=reaped.code, signal=reaped.signal))
            if ward.script_has_vanished():
                ward.script_gone(None)
            while self._line.signals:
                self._line.manners.tells(self._line.signals.pop(0), ward)
            roll.again()
            wait_s = custody.step()
            if not custody.is_over:
                ward.lingering = custody.lingering
                self._tell_who_lingers(ward)
                self._poll(wait_s)
                self._line.listen()
        ward.finish()

    def _poll(self, wait_s: float | None) -> None:
        self._line.poll(wait_s)
        if self._line.rung and self._line.ward is not None:
            self._line.ward.look()
        if worker.STOPPED in self._line.rung:
            self._step_aside()

    def _step_aside(self) -> None:
        """Ctrl-Z stopped the job: stop as well, so that the shell takes over until fg or bg."""
        ward = self._line.ward
        if ward is None or ward.started is None:
            return
        terminal.suspend(ward.started.pid)

    def _tell_started(self, ward: Ward) -> None:
        ward.look()
        if ward.started is None:
            return
        news = messages.Started(
            run=ward.grant.run,
            pid=ward.started.pid,
            started_at=ward.started.started_at,
            output="",
            error="",
        )
        ward.told_started = self._line.tell("started", news.fields())

    def _tell_who_lingers(self, ward: Ward) -> None:
        if ward.lingering != ward.told_lingering:
            news = messages.lingering_fields(ward.grant.run, ward.lingering)
            if self._line.tell("lingering", news):
                ward.told_lingering = ward.lingering

    def _leave(self, ward: Ward) -> int:
        ending, name = ward.ending, self._line.manners.name
        if ward.started is not None:
            terminal.take_back(ward.started.pid)
        if ending is None:
            sys.stderr.write(
                f"{name}: error: cannot tell how the job ended: its worker was killed\n"
            )
            return BY_SIGNAL + signal.SIGKILL
        self._report(ward, ending)
        return self._line.manners.ends(self._line.number, ending)

    def _report(self, ward: Ward, ending: Ending) -> None:
        """Tells the dispatcher; if it is not there the record stays for the agent to report."""
        self._line.tell("ended", messages.ending_fields(ending))
        until = self._clock.boottime() + ACK_S
        while not self._line.is_acknowledged and self._line.is_open:
            left_s = until - self._clock.boottime()
            if left_s <= 0:
                return
            self._poll(left_s)
            self._line.listen()
        if self._line.is_acknowledged:
            ward.close()
            ward.dir.forget()
            self._line.forget()
