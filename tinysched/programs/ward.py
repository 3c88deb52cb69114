"""A run as its agent sees it: with a worker of its own, with an adopted one, or with none."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable
from dataclasses import replace

from tinysched.errors import SpoolError, WireError
from tinysched.host import processes, tree
from tinysched.host.clock import Clock
from tinysched.job.model import Exit
from tinysched.job.runs import Amendment, Cause, Ending, Grant, Order
from tinysched.job.signals import Reach
from tinysched.programs import salvaging
from tinysched.programs.assignment import Assignment
from tinysched.programs.custody import Custody
from tinysched.programs.herald import Herald
from tinysched.programs.kin import Marked, Roll
from tinysched.programs.stepping import Bulletin, Steps
from tinysched.spool.runrecords import Started
from tinysched.spool.runs import RunDir
from tinysched.wire import messages
from tinysched.wire.channel import Channel, call


class Ward:
    """One run that its agent answers for.

    `worker` is the pid of a child, None for an adopted one. `lingering`: what has outlived KILL.
    `told_started`, `told_ended` and so on: what the present dispatcher connection has heard.
    `has_news`: it was looked at since its steps were told.
    """

    def __init__(self, run: RunDir, grant: Grant, assignment: Assignment | None) -> None:
        self.dir = run
        self.grant = grant
        self.assignment = assignment
        self.worker: int | None = None
        self.line: Channel | None = None
        self.custody: Custody | None = None
        self.pidfd: int | None = None
        self.script: int | None = None
        self.order: Order | None = None
        self.amendment: Amendment | None = None
        self.started: Started | None = None
        self.ending: Ending | None = None
        self.lingering: tuple[str, ...] = ()
        self.told_lingering: tuple[str, ...] = ()
        self.told_started = False
        self.told_ended = False
        self.has_news = False
        self._bulletin = Bulletin(run.path)

    @property
    def stage(self) -> str:
        """How far it has come, for a hello."""
        return "alive" if self.ending is None else "ended"

    def is_of_former_boot(self, boot_id: str) -> bool:
        """The host was restarted since: nothing of it lives, its pids are those of others."""
        # What was written of its start may have gone with the power.
        known = self.grant.boot_id if self.started is None else self.started.boot_id
        known = known or self.grant.boot_id
        return known not in ("", boot_id)

    @property
    def is_exit_known(self) -> bool:
        """Its worker saw the script end, and wrote that down."""
        return self.started is not None and self.started.exit is not None

    def look(self) -> None:
        """Reads from disk what the worker has written by now.

        Raises: SpoolError if it cannot be read.
        """
        if self.started is None:
            self.started = salvaging.started_of(self.dir)
        if self.ending is None:
            self.ending = salvaging.ending_of(self.dir)
        if self.ending is None:
            self.has_news = True
            with contextlib.suppress(SpoolError):  # nothing depends on it
                self.lingering = self.dir.lingering()

    def tell_steps(self, now: float, tell: Callable[[str, messages.Fields], bool]) -> None:
        """Tells what is new of its steps; of a run that is over its end tells them."""
        if self.has_news and self.told_started and self.ending is None:
            self.has_news = False
            self._bulletin.look(self.grant.run, now, tell)

    def forget_told_steps(self) -> None:
        """Another dispatcher listens."""
        self.has_news = True
        self._bulletin.forget()

    def reach(self) -> bool:
        """Opens a line to an adopted worker; its end is the worker's. False: nobody answers."""
        try:
            self.line = call(self.dir.socket_path, os.getuid())
        except (OSError, WireError, SpoolError):
            return False
        return True

    def listen(self) -> bool:
        """Hears an adopted worker out. False: it has ended."""
        if self.line is None:
            return False
        if list(self.line.receive()):
            self.look()
        if self.line.closed:
            self.line.close()
            self.line = None
        return self.line is not None

    def tell(self, verb: str, fields: messages.Fields) -> None:
        """Passes an order on to the worker."""
        if self.line is not None:
            self.line.send(verb, fields)
            return
        try:
            line = call(self.dir.socket_path, os.getuid())
        except (OSError, WireError, SpoolError):
            return  # it is about to end: whoever takes over knows the order
        line.send(verb, fields)
        line.close()

    def stop(self, *, kill: bool, requeue: bool = False) -> None:
        """Ends the run, whoever watches it."""
        if self.order is None:
            self.order = Order(kill=kill, requeue=requeue)
        else:
            self.order = replace(self.order, kill=kill or self.order.kill)
        if self.custody is not None:
            self.custody.order_stop(kill=kill, requeue=requeue)
        elif self.ending is None:
            self.tell("stop", messages.stop_fields(self.grant.run, kill=kill, requeue=requeue))

    def signal(self, signum: int, reach: Reach = Reach.ALL) -> None:
        """Sends one signal to the whole tree or a part of it, whoever watches it."""
        if self.custody is not None:
            self.custody.order_signal(signum, reach)
        elif self.ending is None:
            self.tell("signal", messages.signal_fields(self.grant.run, signum, reach))

    def signal_step(self, step: int, signum: int | None) -> None:
        """Sends one signal to a step, whoever watches the run; None: ends it."""
        if self.custody is not None:
            self.custody.order_step(step, signum)
        elif self.ending is None:
            self.tell("step", messages.step_fields(self.grant.run, step, signum))

    def amend(self, amendment: Amendment) -> None:
        """Something else holds for the run from now on, whoever watches it."""
        self.amendment = amendment
        if self.custody is not None:
            self.custody.amend(amendment)
        elif self.ending is None:
            self.tell("amend", messages.amend_fields(self.grant.run, amendment))

    def notify(self, words: str) -> None:
        """Words for the readers of its stderr, whoever watches it."""
        if self.custody is not None:
            self.custody.notify(words)
        elif self.ending is None:
            self.tell("notify", messages.notice_fields(self.grant.run, words))

    def take_over(self, clock: Clock, roll: Roll) -> None:
        """Watches the run in place of a worker that was killed."""
        with contextlib.suppress(SpoolError):
            self.started = self.dir.started() or self.started
        started = self.started
        assert started is not None, "only what has started needs custody"
        self.script = started.pid
        is_same_boot = started.boot_id == clock.boot_id()
        self.custody = Custody(
            self.grant,
            started.started_at,
            _began_at(started, clock),
            clock,
            Marked(roll, self.grant, started if is_same_boot else None),
            Herald(self.assignment, self.dir, clock, self._signal_script, follow=False),
        )
        self.custody.steps = Steps(self.dir.path, ends_orphans=True)
        self._take_over_amended(self.custody)
        if self.order is not None:
            self.custody.order_stop(kill=self.order.kill, requeue=self.order.requeue)
        if started.exit is not None:  # the worker took it away, and wrote that down before
            self.script = None
            if started.exit.signal:
                self.custody.script_found_ended(started.exit)
            else:
                self.custody.script_ended(started.exit)
        elif is_same_boot:
            self.pidfd = processes.open_pidfd(started.pid, started.start_ticks)

    def _take_over_amended(self, custody: Custody) -> None:
        with contextlib.suppress(SpoolError):
            amended = self.dir.amended()
            if amended is not None:
                custody.go_on_as(amended)
        custody.keep = self.dir.write_amended
        if self.amendment is not None:
            custody.amend(self.amendment)

    def _signal_script(self, signum: int) -> None:
        if self.pidfd is not None:
            processes.send_pidfd(self.pidfd, signum)

    def script_has_vanished(self) -> bool:
        """The script in custody is gone, and not as a child of ours whose exit code is to come."""
        if self.script is None:
            return False
        if _is_own(self.script):
            return tree.is_held(self.script)
        if self.pidfd is None:
            return True
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(0))

    def script_gone(self, exit_: Exit | None) -> None:
        """The script of a run in custody has ended."""
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
        if self.custody is not None:
            self.custody.script_found_ended(exit_)

    def finish(self) -> None:
        """Records the end of a run in custody.

        Raises: SpoolError if the disk refuses.
        """
        assert self.custody is not None, "a worker records by itself"
        output = "" if self.assignment is None else self.assignment.output
        error = "" if self.assignment is None else self.assignment.error
        ending = self.custody.ending(output, error)
        self.dir.write_ending(ending)
        self.ending = ending

    def fail(self, clock: Clock, cause: Cause, words: str) -> None:
        """Records the end of a run that never started, or of which nothing lives and is known.

        Raises: SpoolError if the disk refuses.
        """
        ending = Ending(
            run=self.grant.run,
            cause=cause,
            exit=None,
            started_at=None if self.started is None else self.started.started_at,
            ended_at=clock.wall(),
            words=words,
        )
        self.dir.write_ending(ending)
        self.ending = ending

    def close(self) -> None:
        """Lets go of everything but the directory itself."""
        if self.line is not None:
            self.line.close()
            self.line = None
        if self.pidfd is not None:
            os.close(self.pidfd)
            self.pidfd = None
        self.dir.close()


def _began_at(started: Started, clock: Clock) -> float:
    """When a run began, in boottime seconds: of this boot, whatever was done to the wall clock."""
    if started.began_at is not None and started.boot_id == clock.boot_id():
        return started.began_at
    return clock.boottime() - max(0.0, clock.wall() - started.started_at)


def _is_own(pid: int) -> bool:
    """An unreaped child of ours: its exit code is still to be had."""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
