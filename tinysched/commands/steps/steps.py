"""From what srun is asked for to a step that runs."""

from __future__ import annotations

import posix
import signal
import time  # noqa: TID251 - two readings of a clock; host.clock costs more to load than srun has

from tinysched.commands.steps.patterns import Names
from tinysched.commands.steps.plumbing import Plumbing
from tinysched.commands.steps.says import Voice
from tinysched.commands.steps.step import Signals, Step
from tinysched.commands.steps.streams import write
from tinysched.commands.steps.watch import Job
from tinysched.errors import SpoolError, VerbatimError
from tinysched.host import births
from tinysched.job import steplines
from tinysched.script.slurm.retelling import complaint
from tinysched.spool.steplog import Entry, StepLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinysched.commands.steps.place import Place
    from tinysched.commands.steps.terminal import Terminal
    from tinysched.script.slurm.steps import Wants

_BUSY = "Requested nodes are busy"
_TOO_MANY = "More processors requested than permitted"
_NO_MEMORY = "Memory required by task is not available"
_IS_OVER = "Job/step already completing or completed"
_NOT_THERE = "Requested node configuration is not available"
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP)
_LOOK_AGAIN_S = 0.1
_SELDOM_S = 1.0
# Who waits no longer than this is not told of it before it has its cores.
_SAY_S = 10.0


def run(wants: Wants, place: Place, submitted: Mapping[bytes, bytes]) -> tuple[int, int]:
    """Runs one step; its exit code, and the signal behind that (0: none). Raises: VerbatimError."""
    host = posix.uname().nodename.partition(".")[0]
    wants.check()
    _check_hosts(wants, place, host)
    entry = _entry(wants, place, submitted)
    wants.programs = _programs(wants)
    job = Job(place, host)
    signals = Signals()
    try:
        log = StepLog(place.path, births.lives)
        number = _begin(log, entry, wants, place, signals)
    except SpoolError as error:
        raise _refused(place, error.sentence) from None
    place.step_cores = entry.cores
    return _Beginning(wants, job, number, signals).run(log, submitted)


def _programs(wants: Wants) -> list[list[str]]:
    if not wants.has("multi-prog"):
        return [wants.command] * wants.tasks
    from tinysched.commands.steps import programs

    return programs.read(wants.command[0], wants.tasks)


class _Beginning:
    """A number that is taken, so that whatever happens its end is written down."""

    def __init__(self, wants: Wants, job: Job, number: int, signals: Signals) -> None:
        self._wants = wants
        self._job = job
        self._number = number
        self._signals = signals

    def run(self, log: StepLog, submitted: Mapping[bytes, bytes]) -> tuple[int, int]:
        wants, job = self._wants, self._job
        job_name = submitted.get(b"SLURM_JOB_NAME", b"").decode("utf-8", "replace")
        names = Names(job.place, self._number, job.host, job_name, _user)
        try:
            plumbing = Plumbing(wants, names, wants.tasks, _terminal if wants.has("pty") else None)
            _change_directory(wants.text("chdir"))
            if wants.has("verbose"):
                self._chat()
            _aside(wants.text("prolog"))
            step = Step(wants, job, self._number, self._signals, plumbing)
            found = step.run(log, submitted)
            _aside(wants.text("epilog"))
            return found
        except (VerbatimError, OSError) as error:
            log.add(steplines.end(self._number, time.time(), "1:0", 0.0, 0.0, 0))
            if isinstance(error, OSError):
                raise complaint("srun", f"task launch failed: {error.strerror}") from None
            raise

    def _chat(self) -> None:
        from tinysched.commands.steps import chatter

        wants, job = self._wants, self._job
        voice = Voice("", "", quiet=False)
        lines = chatter.launch(job.place, self._number, wants.tasks, job.host)
        for line in (*chatter.options(wants.given), *lines):
            voice.info(line)


def _entry(wants: Wants, place: Place, submitted: Mapping[bytes, bytes]) -> Entry:
    asked = wants.tasks * (wants.count("cpus-per-task") or 1)
    is_over = asked > place.cores
    if is_over and not wants.has("overcommit"):
        raise _refused(place, _TOO_MANY)
    if place.memory_mib and wants.memory_mib(asked) > place.memory_mib:
        raise _refused(place, _NO_MEMORY)
    cores = min(asked, place.cores) if wants.is_exact else place.cores
    around = submitted.get(b"SLURM_STEP_ID", b"") if place.is_ours else b""
    return Entry(
        wants.text("job-name") or wants.command[0].rpartition("/")[2],
        births.name(posix.getpid()),
        wants.tasks,
        cores,
        0 if wants.has("overlap") else cores,
        int(around) if around.isdigit() else None,
    )


def _check_hosts(wants: Wants, place: Place, host: str) -> None:
    names = {host, posix.uname().nodename, "localhost"}
    asked, left_out = _hosts(wants.text("nodelist")), _hosts(wants.text("exclude"))
    if not asked <= names or left_out & names:
        raise _refused(place, _NOT_THERE)


def _hosts(text: str | None) -> set[str]:
    if not text:
        return set()
    from tinysched.script.slurm import hostlist

    return set(hostlist.expand(text))


def _begin(log: StepLog, entry: Entry, wants: Wants, place: Place, signals: Signals) -> int:
    """Its number, once it has its cores. Raises: VerbatimError."""
    number = log.begin(entry, place.cores, time.time())
    if number is not None:
        return number
    if wants.has("immediate"):
        raise _refused(place, _BUSY)
    voice = Voice("", "", quiet=wants.has("quiet"))
    waits = f"Job {place.raw_id} step creation temporarily disabled, retrying ({_BUSY})"
    pause_s, say_at = _LOOK_AGAIN_S, time.monotonic() + _SAY_S
    has_said = False
    while number is None:
        told = [signum for signum in signals.take() if signum in _STOPS]
        if told:
            voice.info(f"Cancelled pending job step with signal {told[0]}")
            raise _refused(place, _IS_OVER)
        if time.monotonic() >= say_at and not has_said:
            has_said = True
            voice.info(waits)
        time.sleep(pause_s)
        pause_s = min(_SELDOM_S, pause_s * 1.2)
        number = log.begin(entry, place.cores, time.time())
    if not has_said:
        voice.info(waits)
    voice.info(f"Step created for job {place.raw_id}")
    return number


def _refused(place: Place, why: str) -> VerbatimError:
    return complaint("srun", f"Unable to create step for job {place.raw_id}: {why}")


def _change_directory(path: str | None) -> None:
    if path is None:
        return
    try:
        posix.chdir(path)
    except OSError as error:
        there = path if path.startswith("/") else f"{posix.getcwd()}/{path}"
        words = f"couldn't chdir to `{there}': {error.strerror}: going to /tmp instead"
        line = f"slurmstepd: error: {words}\n".encode("utf-8", "replace")
        write(2, line + line)  # each of those who look says so
        posix.chdir("/tmp")


def _aside(path: str | None) -> None:
    """Runs what is to be run here before or after the step."""
    if path is None or path.lower() in ("", "none"):
        return
    try:
        pid = posix.posix_spawn(path, [path], posix.environ)
    except OSError as error:
        write(2, f"srun: Access denied for {path}: {error.strerror}\n".encode("utf-8", "replace"))
        return
    posix.waitpid(pid, 0)


def _user() -> str:
    from tinysched.host import identity

    return identity.user_name(posix.getuid())


def _terminal() -> Terminal:
    from tinysched.commands.steps.terminal import Terminal

    return Terminal()
