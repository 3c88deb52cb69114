"""One step, from its first line in the run's log to its last.

If it is killed: the job goes on, and what is left of the step ends with the job.
"""

from __future__ import annotations

import posix
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
# A job that is ended tells its tasks as well as us: only who has not heard is told again.
_TELL_S = 0.3
# So soon after the first a second Ctrl-C counts.
_TWICE_S = 1.0
_HEARD = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD")
_PASSED_ON = (signal.SIGUSR1, signal.SIGUSR2)
_ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


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
        self._voice = Voice(name, job.host, quiet=wants.has("quiet"))
        self._living: dict[int, int] = {}
        self._ended: dict[int, tasks.Ended] = {}
        self._began_at = time.monotonic()
        self._first_end_at: float | None = None
        self._interrupted_at: list[float] = []
        self._stop_at: float | None = None
        self._is_told = False
        self._is_forced = False

    def run(self, log: StepLog, submitted: Mapping[bytes, bytes]) -> int:
        """Starts the tasks and waits for them; the exit code of srun."""
        self._start(submitted)
        lines = "".join(steplines.task(self._number, births.name(pid)) for pid in self._living)
        log.add(lines)
        self._job.nudge()
        while self._living:
            self._look()
        self._plumbing.finish()
        signum = max((ended.signal for ended in self._ended.values()), default=0)
        if signum and not self._is_forced:
            self._voice.info(f"Force Terminated StepId={self._name}")
        log.add(self._last_line())
        self._job.nudge()
        return max((_code(ended) for ended in self._ended.values()), default=0)

    def _start(self, submitted: Mapping[bytes, bytes]) -> None:
        job, wants = self._job, self._wants
        told = variables.chosen(submitted, wants.text("export"))
        told |= variables.of_step(job.place, wants, self._number, job.host)
        argv = [word.encode("utf-8", "surrogateescape") for word in wants.command]
        self._signals.hold()
        try:
            for rank in range(wants.tasks):
                plan = tasks.Plan(
                    argv,
                    told | variables.of_task(rank),
                    self._plumbing.streams(rank),
                    _complain,
                    self._plumbing.terminal(rank),
                )
                self._living[tasks.start(plan, self._signals.numbers)] = rank
                self._plumbing.started(rank)
        finally:
            self._signals.release()

    def _look(self) -> None:
        for signum in self._signals.take():
            self._hear(signum)
        ended = tasks.reap()
        if ended:
            self._note(ended)
        if self._living:
            self._plumbing.wait(self._signals.wake, self._job.line, self._due())

    def _note(self, ended: Sequence[tasks.Ended]) -> None:
        found = [(self._living.pop(one.pid), one) for one in ended if one.pid in self._living]
        self._ended.update(found)
        self._plumbing.let_out()
        self._voice.ends(found)
        if found and self._first_end_at is None:
            self._first_end_at = time.monotonic()
        if self._wants.kills_on_bad_exit and self._living and any(_code(one) for _, one in found):
            self._voice.info(f"launch/slurm: _step_signal: Terminating StepId={self._name}")
            self._end("", at_once=True)

    # What it is told

    def _hear(self, signum: int) -> None:
        if signum in _PASSED_ON:
            self._send(signum)
        elif signum == signal.SIGINT:
            self._interrupt()
        elif signum in _ENDS:
            self._force()
        elif signum == steplines.END_SIGNAL:
            self._end("", at_once=True)

    def _interrupt(self) -> None:
        now = time.monotonic()
        recent = [at for at in self._interrupted_at if now - at <= _TWICE_S]
        self._interrupted_at = [*recent, now]
        if self._wants.has("quit-on-interrupt") or len(recent) > 1:
            self._force()
        elif recent:
            self._voice.info(f"sending Ctrl-C to StepId={self._name}")
            self._send(signal.SIGINT)
        else:
            self._voice.info("interrupt (one more within 1 sec to abort)")
            self._voice.states(sorted(self._living.values()), sorted(self._ended))

    def _force(self) -> None:
        if self._stop_at is None:
            self._is_forced = True
            self._voice.info("forcing job termination")
            self._end("", at_once=False)

    def _end(self, why: str, *, at_once: bool) -> None:
        """TERM, and KILL for who takes no notice of it."""
        if self._stop_at is not None:
            return
        patience_s = int(self._job.place.kill_wait_s) + 2
        self._voice.info(
            f"Job step aborted: Waiting up to {patience_s} seconds for job step to finish."
        )
        self._voice.cancelled(why)
        self._stop_at = time.monotonic() - (_TELL_S if at_once else 0.0)

    def _due(self) -> float | None:
        """Does what is due; in how many seconds something is due next (None: nothing)."""
        now = time.monotonic()
        if self._job.is_over():
            self._is_forced = True
            self._send(signal.SIGKILL)
            return _TELL_S
        if self._stop_at is not None:
            return self._due_at_end(now - self._stop_at)
        left = [self._limit_left(now), self._wait_left(now)]
        known = [left_s for left_s in left if left_s is not None]
        return min(known) if known else None

    def _due_at_end(self, since_s: float) -> float:
        kill_s = _TELL_S + self._job.place.kill_wait_s
        if since_s < _TELL_S:
            return _TELL_S - since_s
        if not self._is_told:
            self._is_told = True
            self._send(signal.SIGTERM)
            self._send(signal.SIGCONT)
        if since_s < kill_s:
            return kill_s - since_s
        self._send(signal.SIGKILL)
        return _TELL_S

    def _limit_left(self, now: float) -> float | None:
        limit_s = self._wants.limit_s
        if not limit_s:
            return None
        left_s = self._began_at + limit_s - now
        if left_s <= 0:
            self._end(" DUE TO TIME LIMIT", at_once=True)
            return 0.0
        return left_s

    def _wait_left(self, now: float) -> float | None:
        wait_s = self._wants.count("wait", least=0)
        if not wait_s or self._first_end_at is None:
            return None
        left_s = self._first_end_at + wait_s - now
        if left_s <= 0:
            self._voice.info(f"First task exited {wait_s}s ago")
            self._voice.states(sorted(self._living.values()), sorted(self._ended))
            self._voice.info(f"launch/slurm: _step_signal: Terminating StepId={self._name}")
            self._end("", at_once=True)
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
        return steplines.end(self._number, time.time(), exit_, cpu_s, system_s, peak_kib)


def _code(ended: tasks.Ended) -> int:
    return _BY_SIGNAL + ended.signal if ended.signal else ended.code


def _complain(words: str) -> None:
    posix.write(2, f"slurmstepd: error: {words}\n".encode("utf-8", "replace"))
