"""Parallel parts of a job: what srun starts inside it, as the job's record and reports see them.

A job numbers its steps from 0, and sacct names them `42.0`. Each is kept by the run that it was a
part of; of a run with very many only the first ones are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from tinysched.job import steplines
from tinysched.job.model import Exit, Step

MOST_KEPT = 100
# A step whose srun was killed: its tasks are killed with it.
KILLED = Exit(signal=9)
_LATEST = 2e11
_MOST = 10**15


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process, and when it began: so that a later one of the same pid is told from it."""

    pid: int
    start_ticks: int

    def __str__(self) -> str:
        """As a line names it."""
        return f"{self.pid}:{self.start_ticks}"

    @classmethod
    def parse(cls, text: str) -> Process:
        """The process that a line names. Raises: ValueError."""
        pid, _, ticks = text.partition(":")
        return cls(pid=_count(pid), start_ticks=_count(ticks))


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A step that has not ended: what looks after it, and its tasks as far as they started."""

    step: Step
    srun: Process
    tasks: tuple[Process, ...] = ()


class StepBook:
    """The steps of one run, as its lines tell; lines that make no sense are left out.

    `live`: by number. `ended`: in the order of their ends; `dropped` more are not kept.
    """

    def __init__(self) -> None:
        self.live: dict[int, Live] = {}
        self.ended: list[Step] = []
        self.dropped = 0

    def hear(self, text: str) -> bool:
        """Reads further lines. True: steps have begun or ended."""
        before = (len(self.live), len(self.ended), self.dropped)
        for line in text.splitlines():
            try:
                self._read(line)
            except (KeyError, ValueError):
                continue
        return before != (len(self.live), len(self.ended), self.dropped)

    def lose(self, number: int, now: float) -> None:
        """The srun of a step was killed, and nothing of it lives."""
        live = self.live.pop(number, None)
        if live is not None:
            self._keep(replace(live.step, ended_at=now, exit=KILLED))

    def all(self, now: float) -> tuple[Step, ...]:
        """The steps of a run of which nothing lives any more, by number."""
        for number in list(self.live):
            self.lose(number, now)
        return tuple(sorted(self.ended, key=lambda step: step.number))

    def _read(self, line: str) -> None:
        verb, number, rest = line.split(" ", 2)
        if verb == "begin":
            self._begin(_count(number), rest)
        elif verb == "task":
            live = self.live[int(number)]
            self.live[int(number)] = replace(live, tasks=(*live.tasks, Process.parse(rest)))
        elif verb == "end":
            facts = _facts(rest.split(" "))
            step = _with_end(self.live[int(number)].step, facts)
            del self.live[int(number)]
            self._keep(step)

    def _begin(self, number: int, rest: str) -> None:
        said, _, name = rest.partition(" name=")
        facts = _facts(said.split(" "))
        step = Step(
            number=number,
            name=name,
            tasks=_count(facts["tasks"]),
            cores=_count(facts["cores"]),
            started_at=_seconds(facts["from"]),
        )
        self.live[number] = Live(step=step, srun=Process.parse(facts["srun"]))

    def _keep(self, step: Step) -> None:
        if len(self.ended) < MOST_KEPT:
            self.ended.append(step)
        else:
            self.dropped += 1


def shown(live: Live) -> Step:
    """A live step with its pids."""
    pids = tuple(task.pid for task in live.tasks)
    return replace(live.step, pids=pids, srun_pid=live.srun.pid)


def write(step: Step) -> str:
    """One step as a line, with its end if it has come; for records and messages."""
    said = f"{step.number} from={step.started_at:.3f} tasks={step.tasks} cores={step.cores}"
    if step.ended_at is not None:
        said += f" to={step.ended_at:.3f} exit={step.exit or Exit()}"
        said += f" cpu={step.cpu_s:.3f} system={step.system_s:.3f} peak_kib={step.peak_memory_kib}"
    if step.srun_pid:
        said += f" srun={step.srun_pid}"
    if step.pids:
        said += f" pids={','.join(map(str, step.pids))}"
    return f"{said} name={steplines.plain(step.name)}"


def read(line: str) -> Step:
    """The step that `write` wrote. Raises: ValueError."""
    said, _, name = line.partition(" name=")
    number, *rest = said.split(" ")
    facts = _facts(rest)
    try:
        step = Step(
            number=_count(number),
            name=name[: steplines.LONGEST_NAME],
            tasks=_count(facts["tasks"]),
            cores=_count(facts["cores"]),
            started_at=_seconds(facts["from"]),
            pids=tuple(_count(pid) for pid in facts.get("pids", "").split(",") if pid),
            srun_pid=_count(facts.get("srun", "0")),
        )
        return _with_end(step, facts) if "to" in facts else step
    except KeyError as error:
        raise ValueError(f"a step without {error}") from None


def read_all(lines: Iterable[str]) -> tuple[Step, ...]:
    """As many steps as are kept; lines that make no sense are left out."""
    found: list[Step] = []
    for line in lines:
        try:
            found.append(read(line))
        except ValueError:
            continue
        if len(found) == MOST_KEPT:
            break
    return tuple(found)


def _with_end(step: Step, facts: Mapping[str, str]) -> Step:
    return replace(
        step,
        ended_at=_seconds(facts["to"]),
        exit=Exit.parse(facts["exit"]),
        cpu_s=_seconds(facts["cpu"]),
        system_s=_seconds(facts["system"]),
        peak_memory_kib=_count(facts["peak_kib"]),
    )


def _facts(words: Iterable[str]) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in words)


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number < _MOST:
        raise ValueError(f"out of range: {text}")
    return number


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < _LATEST:
        raise ValueError(f"out of range: {text}")
    return value
