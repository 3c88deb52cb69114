"""A run from its launch to its exit record; and another one, if nothing is left of the first.

Runs as: the submitter, one process a run, forked by the agent (or by the foreground client).
Reads:   its assignment, handed over in memory, or as a grant; orders from runs/<run>/ctl.sock.
Writes:  runs/<run>/started and exit; the job's own output files.
If it dies: the script becomes the agent's child, which watches it to its end.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from dataclasses import dataclass, replace

from tinysched.errors import SpoolError, TinyschedError, WireError
from tinysched.host import launch, marks, processes, tree
from tinysched.host.clock import Clock, timeout_ms
from tinysched.job import environment, notices
from tinysched.job.model import Exit
from tinysched.job.runs import Cause, Ending
from tinysched.programs.assignment import Assignment, Registry
from tinysched.programs.custody import Custody
from tinysched.programs.herald import Herald
from tinysched.programs.kin import Below
from tinysched.programs.measuring import Meter
from tinysched.programs.shift import Shift
from tinysched.programs.stepping import Steps
from tinysched.programs.superior import Superior
from tinysched.spool.private import Private
from tinysched.spool.runrecords import Started
from tinysched.spool.runs import RunDir
from tinysched.wire import messages
from tinysched.wire.channel import Channel, Listener, Message

STOPPED = b"stopped\n"
# So long a job of Slurm's commands waits for the directories of its output files.
PATIENCE_S = 0.5
# So long somebody who orders a requeue has after the answer.
ASKER_S = 0.05
# Who runs for a shorter time starts and ends in one message.
SHORTEST_S = 0.01
# A worker in its client's process group hears what is meant for the client, who passes it on.
NOT_FOR_US = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a worker works with. `bell` is a pipe that tells its parent that there is news."""

    clock: Clock
    private: Private
    run: RunDir
    listener: Listener
    bell: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """Where a worker's next run comes from, and who knows what was submitted."""

    shift: Shift
    registry: Registry

    def wait(self, tools: Tools) -> tuple[Assignment, Tools] | None:
        """What to run next, and with what; None: nothing, or what must be started otherwise."""
        processes.set_title("ts idle")
        handed = self.shift.wait()
        if handed is None:
            return None
        run = tools.private.run(handed.grant.run)
        run.worker_lock_fd, run.alive_fd = handed.worker_lock_fd, handed.alive_fd
        processes.set_title(f"ts {handed.grant.run}")
        try:
            assignment = self.registry.assign(handed.grant)
        except TinyschedError:
            return None
        return assignment, replace(tools, run=run)


def work(assignment: Assignment, tools: Tools, following: Next | None = None) -> int:
    """Runs an assignment to its end, and then what follows; the whole life of a worker."""
    # To ring for a parent that was killed is no reason to die. The job gets its SIGPIPE back.
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    if assignment.request.foreground:
        processes.set_subreaper()
        processes.set_title(f"ts {assignment.grant.run}")
        for signum in NOT_FOR_US:
            signal.signal(signum, signal.SIG_IGN)
    else:
        processes.become_worker(f"ts {assignment.grant.run}")
    wake, wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda _signum, _frame: None)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    superior = Superior(assignment.site, tools.private, tools.clock)
    job: tuple[Assignment, Tools] | None = (assignment, tools)
    while job is not None:
        worker = _Worker(*job, wake, superior, can_go_on=following is not None)
        worker.run()
        job = following.wait(tools) if worker.is_free and following is not None else None
    return 0


class _Worker:
    def __init__(
        self, assignment: Assignment, tools: Tools, wake: int, superior: Superior, *,
        can_go_on: bool,
    ) -> None:  # fmt: skip
        self._assignment = assignment
        self._grant = assignment.grant
        self._name = str(assignment.grant.run)
        self._clock = tools.clock
        self._private = tools.private
        self._dir = tools.run
        self._listener = tools.listener
        self._bell = tools.bell
        self._callers: dict[int, Channel] = {}
        self._wake = wake
        self._superior = superior
        self._can_go_on = can_go_on
        self.is_free = False
        self._meter = Meter(tools.private, tools.clock)
        self._output = self._error = ""
        self._script = 0
        self._ring_at: float | None = None
        self._started: Started | None = None
        self._is_script_taken = False
        self._mark = marks.new()
        self._lingering: tuple[str, ...] = ()

    def run(self) -> None:
        with contextlib.suppress(SpoolError):  # on a full disk the launch fails, and says so
            self._dir.keep_open()
            self._dir.sign()
        began_at, started_at = self._clock.boottime(), self._clock.wall()
        try:
            self._dir.reserve_exit()
            if not self._assignment.request.foreground:
                self._private.script(self._grant.token)  # again: its path is about to be run
            self._output, self._error = self._assignment.output, self._assignment.error
            if notices.speaks_slurm(self._assignment.stored.command):
                self._wait_for_folders()
            job = replace(self._assignment.launch(self._dir, self._announce), mark=self._mark)
            self._script = launch.launch(job).pid
        except TinyschedError as error:
            self._record(self._not_started(error.sentence))
            return
        self._dir.release_alive()
        is_watched = self._assignment.request.foreground  # from a terminal, by its client
        self._ring_at = self._clock.boottime() + (0.0 if is_watched else SHORTEST_S)
        self._herald = Herald(
            self._assignment, self._dir, self._clock, self._signal_script, follow=True
        )
        kin = Below(self._private, self._grant.run)
        custody = Custody(self._grant, started_at, began_at, self._clock, kin, self._herald)
        custody.steps = Steps(self._dir.path, ends_orphans=True)
        custody.keep = self._dir.write_amended
        self._watch(custody)
        custody.cpu_s, custody.usage = self._meter.cpu_s, self._meter.usage
        self._record(custody.ending(self._output, self._error))
        self._let_go()

    def _wait_for_folders(self) -> None:
        """Programs make them for a job's files once sbatch has told its number.

        With Slurm that is soon enough: no job starts there before a third of a second has gone.
        """
        patient_until = self._clock.boottime() + PATIENCE_S
        folders = {os.path.dirname(path) for path in (self._output, self._error) if path}
        while not all(map(os.path.isdir, folders)) and self._clock.boottime() < patient_until:
            self._clock.sleep(PATIENCE_S / 20)

    def _let_go(self) -> None:
        """Nothing of this run is of any concern to the next."""
        for channel in self._callers.values():
            channel.close()
        self._herald.close()
        self._dir.close()

    def _announce(self, pid: int) -> None:
        """Just before the child becomes the script: the fact that makes it started."""
        self._dir.secure()  # only now, since the child makes itself ready meanwhile
        self._started = Started(
            pid=pid,
            start_ticks=processes.start_ticks(pid) or 0,
            boot_id=self._clock.boot_id(),
            started_at=self._clock.wall(),
            mark=self._mark,
            began_at=self._clock.boottime(),
        )
        self._dir.write_started(self._started)

    def _signal_script(self, signum: int) -> None:
        """Until we have reaped it the pid is its own."""
        processes.send(self._script, signum)

    # The loop: look, decide, do one step.

    def _watch(self, custody: Custody) -> None:
        while not custody.is_over:
            self._reap(custody)
            wait_s = custody.step()
            if custody.is_over:
                break
            self._tell_who_lingers(custody.lingering)
            self._meter.look()
            ready = self._wait(self._sooner(self._superior.sooner(self._meter.sooner(wait_s))))
            if self._wake in ready:
                os.read(self._wake, 4096)
            if self._superior.descriptor in ready:
                self._is_left(custody)
            if self._listener.fileno() in ready:
                self._accept()
            for descriptor in ready & self._callers.keys():
                self._hear(descriptor, custody)
            self._superior.look()
        self._sweep()

    def _sooner(self, wait_s: float | None) -> float | None:
        """Rings for the start when it is time, and waits no longer than until then."""
        if self._ring_at is None:
            return wait_s
        until_s = self._ring_at - self._clock.boottime()
        if until_s > 0:
            return until_s if wait_s is None else min(wait_s, until_s)
        self._ring_at = None
        self._ring()
        return wait_s

    def _tell_who_lingers(self, names: tuple[str, ...]) -> None:
        if names == self._lingering:
            return
        self._lingering = names
        with contextlib.suppress(SpoolError):
            self._dir.write_lingering(names)
            self._tell_news()

    def _tell_news(self) -> None:
        self._ring()
        for channel in self._callers.values():
            channel.send("news", [])  # to an agent that adopted us

    def _wait(self, wait_s: float | None) -> set[int]:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self._listener.fileno(), select.POLLIN)
        if self._superior.descriptor is not None:
            poll.register(self._superior.descriptor, select.POLLIN)
        for descriptor in self._callers:
            poll.register(descriptor, select.POLLIN)
        return {descriptor for descriptor, _ in poll.poll(timeout_ms(wait_s))}

    def _reap(self, custody: Custody) -> None:
        is_foreground = self._assignment.request.foreground
        if is_foreground and self._script in processes.stopped() and not custody.is_suspended:
            os.write(self._bell, STOPPED)
        for reaped in processes.reap(self._note):
            self._meter.reaped(reaped)
            if reaped.pid == self._script:
                self._is_script_taken = True
                custody.script_ended(Exit(code=reaped.code, signal=reaped.signal))
        if not self._is_script_taken and tree.is_held(self._script):
            custody.script_ended(_exit_of(tree.exit_status(self._script)))

    def _note(self, pid: int, code: int, signum: int) -> None:
        """Writes down how the script ended while the kernel still knows: we may be killed now."""
        if pid != self._script:
            return
        with contextlib.suppress(SpoolError):
            # What the herald has said stands there as well.
            started = self._dir.started() if self._herald.has_noted else self._started
            if started is not None:
                exit_ = Exit(code=code, signal=signum)
                self._dir.write_started(replace(started, exit=exit_))

    def _sweep(self) -> None:
        """The second net: whoever got away from below us still carries the run's cookie."""
        if not self._dir.job_alive():
            return
        name = environment.COOKIE.encode()
        value = environment.cookie(self._grant).encode()
        for pid in tree.holders_of_cookie(name, value):
            processes.send(pid, signal.SIGKILL)

    # Orders

    def _accept(self) -> None:
        channel = self._listener.accept()
        if channel is None:
            return
        if channel.peer.uid not in (os.getuid(), 0):
            channel.close()
            return
        self._callers[channel.fileno()] = channel

    def _hear(self, descriptor: int, custody: Custody) -> None:
        channel = self._callers[descriptor]
        try:
            for message in channel.receive():
                self._obey(message, custody)
        except WireError:
            channel.closed = True
        if channel.closed:
            del self._callers[descriptor]
            channel.close()
            if custody.look_at_steps(channel.peer.pid):  # it was an srun, which may be killed
                self._tell_news()

    def _obey(self, message: Message, custody: Custody) -> None:
        if message.text("run", self._name) != self._name:
            return  # it came too late for the run before this one
        if message.verb == "stop":
            order = messages.read_stop(message)
            # A requeue may be ordered by a command of the run itself, which is to end in peace.
            self._clock.sleep(ASKER_S * order.requeue)
            custody.order_stop(kill=order.kill, requeue=order.requeue)
        elif message.verb == "signal":
            custody.order_signal(messages.read_signal(message), messages.read_reach(message))
        elif message.verb == "step":
            custody.order_step(*messages.read_step(message))
        elif message.verb == "amend":
            custody.amend(messages.read_amendment(message))
        elif message.verb == "notify":
            custody.notify(messages.read_notice(message))
        elif message.verb == "steps" and custody.look_at_steps():
            self._tell_news()

    def _is_left(self, custody: Custody) -> None:
        """Nobody is above us any more."""
        self._superior.lose()
        if self._assignment.request.foreground:
            custody.order_stop(kill=False)  # the client is gone, and with it the terminal's owner
        else:
            self._superior.seek()

    # The end

    def _not_started(self, sentence: str) -> Ending:
        return Ending(
            run=self._grant.run,
            cause=Cause.LAUNCH,
            exit=None,
            started_at=None,
            ended_at=self._clock.wall(),
            output=self._output,
            error=self._error,
            words=sentence,
        )

    def _record(self, ending: Ending) -> None:
        try:
            if self._assignment.request.foreground:
                self._dir.write_ending(ending)
            else:
                # Our agent waits for the disk, unless the dispatcher has it on its own before.
                self._dir.note_ending(ending)
        except SpoolError:
            # Room was reserved, so this is no full disk; without a record the agent says "lost".
            return
        is_free = self._can_go_on and ending.cause is not Cause.LAUNCH and self._is_clean()
        is_heard = self._ring(f" {os.getpid()}" if is_free else "")
        self.is_free = is_free and is_heard
        if not is_heard and not self._assignment.request.foreground:
            with contextlib.suppress(SpoolError):
                self._dir.secure_ending()
            # If we were the last to live nobody else will: the end must be told, others may wait.
            self._superior.call()

    def _is_clean(self) -> bool:
        """Nothing below us is left, by the kernel's own word, nor anything that bears our lock."""
        return not processes.has_children() and not self._dir.job_alive()

    def _ring(self, who_is_free: str = "") -> bool:
        """False: the parent is gone; its successor reads the disk."""
        try:
            os.write(self._bell, f"{self._grant.run}{who_is_free}\n".encode())
        except OSError:
            return False
        return True


def _exit_of(status: int | None) -> Exit | None:
    if status is None:
        return None
    code = os.waitstatus_to_exitcode(status)
    return Exit(signal=-code) if code < 0 else Exit(code=code)
