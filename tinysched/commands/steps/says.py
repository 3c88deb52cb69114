"""What srun tells on its stderr, in Slurm's words."""

from __future__ import annotations

import signal

from tinysched.commands.steps.streams import write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tinysched.host.tasks import Ended


class Voice:
    """Speaks of one step, `name` being `42.0`; `quiet`: of errors only.

    `is_raw`: its terminal takes every byte as it is.
    """

    def __init__(self, name: str, host: str, *, quiet: bool, is_raw: bool = False) -> None:
        self._name = name
        self._host = host
        self._quiet = quiet
        self._line_end = "\r\n" if is_raw else "\n"

    def info(self, words: str) -> None:
        """Something to know."""
        if not self._quiet:
            self._say(f"srun: {words}")

    def ends(self, ended: Iterable[tuple[int, Ended]]) -> None:
        """How tasks ended, by rank; those of the same end in one line."""
        alike: dict[str, list[int]] = {}
        for rank, how in ended:
            if how.signal:
                words = signal.strsignal(how.signal) or f"Signal {how.signal}"
                words += " (core dumped)" if how.has_core else ""
            elif how.code:
                words = f"Exited with exit code {how.code}"
            else:
                continue
            alike.setdefault(words, []).append(rank)
        for words, ranks in alike.items():
            self._say(f"srun: error: {self._host}: {tasks(ranks)}: {words}")

    def states(self, running: Sequence[int], over: Sequence[int]) -> None:
        """Which tasks run."""
        for ranks, state in ((running, "running"), (over, "exited")):
            if ranks:
                self.info(f"StepId={self._name} {tasks(ranks)}: {state}")

    def cancelled(self, why: str) -> None:
        """Its tasks are about to be ended."""
        import time  # noqa: TID251 - the wall clock, for one line

        moment = time.strftime("%Y-%m-%dT%H:%M:%S")
        self._say(
            f"slurmstepd: error: *** STEP {self._name} ON {self._host} CANCELLED AT {moment}"
            f"{why} ***"
        )

    def _say(self, line: str) -> None:
        write(2, f"{line}{self._line_end}".encode("utf-8", "replace"))


def tasks(ranks: Sequence[int]) -> str:
    """`task 3`, `tasks 0-2,5`."""
    spans: list[list[int]] = []
    for rank in sorted(ranks):
        if spans and rank == spans[-1][1] + 1:
            spans[-1][1] = rank
        else:
            spans.append([rank, rank])
    text = ",".join(f"{a}" if a == b else f"{a}-{b}" for a, b in spans)
    return f"task{'s' if len(ranks) > 1 else ''} {text}"
