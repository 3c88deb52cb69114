"""One step, from its first line in the run's log to its last.

If it is killed: the job goes on, and its worker ends what is left of the step.
"""

from __future__ import annotations

import posix
import resource
import signal
import time  # noqa: TID251 - two readings of a clock; host.clock costs more to load than srun has

from tinysched.commands.steps import variables
from tinysched.commands.steps.says import Voice
from tinysched.host import births, tasks
from tinysched.job import steplines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tinysched.commands.steps.plumbing import Plumbing
    from tinysched.commands.steps.watch import Job
    from tinysched.script.slurm.steps import Wants
    from tinysched.spool.steplog import StepLog

_BY_SIGNAL = 128
# Tasks that end alike, one after the other, are told of in one line.
_ALIKE_S = 0.03
_KILL_AGAIN_S = 0.3
_LAST_S = 0.5
# So soon after the first a second Ctrl-C counts.
_TWICE_S = 1.0
_HEARD = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGCONT")
_PASSED_ON = (signal.SIGUSR1, signal.SIGUSR2)
_ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_BY_FORCE = (signal.SIGTERM, signal.SIGKILL)


class Signals:
    """What this process was told and has not acted on; `wake` is readable when there is more."""

    def __init__(self) -> None:
        self.numbers = {int(getattr(signal, name)) for name in _HEARD} | {steplines.END_SIGNAL}
        self.told: list[int] = []
        self.wake, self._writer = posix.pipe2(posix.O_CLOEXEC | posix.O_NONBLOCK)
        for number in self.numbers:
            signal.signal(number, lambda number, _frame: self.told.append(number))
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def hold(self) -> None:
        """None of them is delivered until `release`."""
        signal.pthread_sigmask(signal.SIG_BLOCK, self.numbers)

    def release(self) -> None:
        """Whatever was held back comes now."""
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self.numbers)

    def take(self) -> list[int]:
        """What has come since."""
        try:
            posix.read(self.wake, 4096)
        except BlockingIOError:
            return []
        told, self.told = self.told, []
        return told


class Step:
    """The tasks of one step, and what becomes of them."""

    def __init__(
        self, wants: Wants, job: Job, number: int, signals: Signals, plumbing: Plumbing
    ) -> None:
        self._wants = wants
        self._job = job
        self._signals = signals
        self._plumbing = plumbing
        name = f"{job.place.raw_id}.{number}"
        self._name = name
        self._number = number
        self._voice = Voice(name, job.host, quiet=wants.has("quiet"), is_raw=plumbing.is_raw)
        self._living: dict[int, int] = {}
        self._ended: dict[int, tasks.Ended] = {}
        self._unsaid: list[tuple[int, tasks.Ended]] = []
        self._say_at = 0.0
        self._began_at = time.monotonic()
        self._first_end_at: float | None = None
        self._interrupted_at: list[float] = []
        self._kill_at: float | None = None
        self._is_aborted = False
        self._is_interrupted = False

    def run(self, log: StepLog, submitted: Mapping[bytes, bytes]) -> tuple[int, int]:
        """Starts the tasks and waits for them; exit code, and the signal behind it (0: none)."""
        gate = tasks.Gate()
        try:
            self._start(submitted, gate)
            pids = self._living
            log.add("".join(steplines.task(self._number, births.name(pid)) for pid in pids))
            gate.open(len(pids))
        finally:
            gate.close()
        self._job.nudge()
        while self._living:
            self._look(log)
        self._say_ends()
        self._plumbing.finish()
        if not self._is_aborted and any(one.signal in _BY_FORCE for one in self._ended.values()):
            self._voice.info(f"Force Terminated StepId={self._name}")
        log.add(self._last_line())
        self._job.nudge()
        worst = max(self._ended.values(), key=_code, default=None)
        return (0, 0) if worst is None else (_code(worst), worst.signal)

    def _start(self, submitted: Mapping[bytes, bytes], gate: tasks.Gate) -> None:
        job, wants = self._job, self._wants
        told = variables.chosen(submitted, wants.text("export"))
        told |= variables.of_step(job.place, wants, self._number, job.host)
        self._signals.hold()
        try:
            for rank, words in enumerate(self._wants.programs):
                plan = tasks.Plan(
                    [word.encode("utf-8", "surrogateescape") for word in words],
                    told | variables.of_task(rank),
                    self._plumbing.streams(rank),
                    _complain,
                    self._plumbing.terminal(rank),
                )
                self._living[tasks.start(plan, self._signals.numbers, gate)] = rank
                self._plumbing.started(rank)
        finally:
            self._signals.release()

    def _look(self, log: StepLog) -> None:
        for signum in self._signals.take():
            self._hear(signum, log)
        ended = tasks.reap()
        if ended:
            self._note(ended)
        if self._living:
            self._plumbing.wait(self._signals.wake, self._job.line, self._due())

    def _note(self, ended: Sequence[tasks.Ended]) -> None:
        found = [(self._living.pop(one.pid), one) for one in ended if one.pid in self._living]
        if not found:
            return
        self._ended.update(found)
        self._unsaid += found
        self._say_at = time.monotonic() + _ALIKE_S
        if self._first_end_at is None:
            self._first_end_at = time.monotonic()
        if self._wants.kills_on_bad_exit and self._living and any(_code(one) for _, one in found):
            self._say_ends()
            self._terminate()

    def _say_ends(self) -> None:
        """What tasks have written comes first; who was interrupted with the step is not named."""
        self._plumbing.let_out()
        by_force = self._is_interrupted and self._is_aborted
        self._voice.ends(
            (rank, how)
            for rank, how in self._unsaid
            if not (by_force and how.signal == signal.SIGINT)
        )
        self._unsaid.clear()

    # What it is told

    def _hear(self, signum: int, log: StepLog) -> None:
        if signum in _PASSED_ON:
            self._send(signum)
        elif signum == signal.SIGINT:
            self._interrupt()
        elif signum in _ENDS:
            self._be_ended(signum, log)
        elif signum == signal.SIGCONT and not (self._job.place.is_whole or self._is_aborted):
            self._voice.info("got SIGCONT")
        elif signum == steplines.END_SIGNAL:
            self._abort("", kill=True)

    def _be_ended(self, signum: int, log: StepLog) -> None:
        """Somebody ends srun; or the job it is a part of, which tells its tasks as well."""
        place, why = self._job.place, log.why_stopped() if signum == signal.SIGTERM else None
        if why is None:
            if signum == signal.SIGQUIT:
                self._voice.info("Quit")
            self._force()
            return
        if place.is_ours and not place.is_whole and why != "exit":
            self._voice.info("forcing job termination")
            self._voice.info("got SIGCONT")  # it comes with the other, and may come too late
        self._abort(" DUE TO TIME LIMIT" if why == "limit" else "", kill=False)

    def _interrupt(self) -> None:
        now = time.monotonic()
        is_second = bool(self._interrupted_at) and now - self._interrupted_at[-1] <= _TWICE_S
        self._interrupted_at.append(now)
        if self._wants.has("disable-status"):
            self._send_interrupt()
        elif self._is_aborted:
            self._send_interrupt()
            self._voice.info("job abort in progress")
        elif is_second or self._wants.has("quit-on-interrupt"):
            self._is_interrupted = True
            self._send_interrupt()
            self._force()
        else:
            self._voice.info("interrupt (one more within 1 sec to abort)")
            self._voice.states(sorted(self._living.values()), sorted(self._ended))

    def _send_interrupt(self) -> None:
        self._voice.info(f"sending Ctrl-C to StepId={self._name}")
        self._send(signal.SIGINT)

    def _force(self) -> None:
        if self._is_aborted:
            self._voice.info("job abort in progress")
            return
        self._voice.info("forcing job termination")
        self._abort("", kill=True)

    def _abort(self, why: str, *, kill: bool) -> None:
        """The end of all tasks: at once, or once they have taken their time."""
        if not self._is_aborted:
            self._is_aborted = True
            patience_s = int(self._job.place.kill_wait_s) + 2
            self._voice.info(
                f"Job step aborted: Waiting up to {patience_s} seconds for job step to finish."
            )
            self._voice.cancelled(why)
        self._end(kill=kill)

    def _terminate(self) -> None:
        """One of the tasks, or its end, is the others' end."""
        self._voice.info(f"launch/slurm: _step_signal: Terminating StepId={self._name}")
        self._voice.cancelled("")
        self._end(kill=False)

    def _end(self, *, kill: bool) -> None:
        now = time.monotonic()
        if not kill:
            self._send(signal.SIGTERM)
            self._send(signal.SIGCONT)
        kill_at = now if kill else now + self._job.place.kill_wait_s
        self._kill_at = kill_at if self._kill_at is None else min(kill_at, self._kill_at)

    def _due(self) -> float | None:
        """Does what is due; in how many seconds something is due next (None: nothing)."""
        now = time.monotonic()
        if self._unsaid and now >= self._say_at:
            self._say_ends()
        if self._job.is_over():  # who has just been told to end may do so
            kill_at = now + (_LAST_S if self._is_aborted else 0.0)
            self._kill_at = kill_at if self._kill_at is None else min(kill_at, self._kill_at)
        due = [self._limit_left(now), self._wait_left(now), self._kill_left(now)]
        due.append(self._say_at - now if self._unsaid else None)
        known = [max(0.0, left_s) for left_s in due if left_s is not None]
        return min(known) if known else None

    def _kill_left(self, now: float) -> float | None:
        if self._kill_at is None:
            return None
        if now < self._kill_at:
            return self._kill_at - now
        self._send(signal.SIGKILL)
        return _KILL_AGAIN_S

    def _limit_left(self, now: float) -> float | None:
        limit_s = self._wants.limit_s
        if not limit_s or self._is_aborted:
            return None
        left_s = self._began_at + limit_s - now
        if left_s <= 0:
            self._abort(" DUE TO TIME LIMIT", kill=False)
            return 0.0
        return left_s

    def _wait_left(self, now: float) -> float | None:
        wait_s = self._wants.count("wait", least=0)
        if not wait_s or self._first_end_at is None or self._is_aborted:
            return None
        left_s = self._first_end_at + wait_s - now
        if left_s <= 0:
            self._voice.info(f"First task exited {wait_s}s ago")
            self._voice.states(sorted(self._living.values()), sorted(self._ended))
            self._voice.info(f"launch/slurm: _step_signal: Terminating StepId={self._name}")
            self._abort("", kill=True)
            return 0.0
        return left_s

    def _send(self, signum: int) -> None:
        for pid in self._living:
            if signum == signal.SIGKILL or signum == signal.SIGTERM:
                tasks.send_below(pid, signum)
            else:
                tasks.send(pid, signum)

    def _last_line(self) -> str:
        all_ended = self._ended.values()
        worst = max(all_ended, key=_code, default=None)
        exit_ = "0:0" if worst is None else f"{worst.code}:{worst.signal}"
        system_s = sum(one.system_s for one in all_ended)
        cpu_s = system_s + sum(one.user_s for one in all_ended)
        peak_kib = max((one.peak_kib for one in all_ended), default=0)
        if peak_kib <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
            peak_kib = 0  # what a fork of this process has is not told from what the task had
        return steplines.end(self._number, time.time(), exit_, cpu_s, system_s, peak_kib)


def _code(ended: tasks.Ended) -> int:
    return _BY_SIGNAL + ended.signal if ended.signal else ended.code


def _complain(words: str) -> None:
    posix.write(2, f"slurmstepd: error: {words}\n".encode("utf-8", "replace"))
