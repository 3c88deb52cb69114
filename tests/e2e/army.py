"""An array of small jobs that keep their own books, and what must have become of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.e2e.rig import Line, Site
from tests.e2e.user import User

CORES = 4
SIZE = 200
# Each writes a file and sleeps 0 to 50 ms; these are cancelled while they wait, those while they
# run; of the others every seventh exits 3.
WAITING = frozenset(range(150, 170))
SLEEPERS = frozenset({20, 90, 175})
SCRIPT = """\
i=$SLURM_ARRAY_TASK_ID
echo "start $i $EPOCHREALTIME" >>books
echo "this is $i" >"made_$i"
case $i in
    20|90|175) exec sleep 60 ;;
    15[0-9]|16[0-9]) sleep 60 ;;
esac
sleep "$(printf '0.%03d' $((i * 7 % 51)))"
echo "out of $i"
echo "end $i $EPOCHREALTIME" >>books
exit $((i % 7 == 3 ? 3 : 0))
"""


class Army:
    """One such array of one user."""

    def __init__(self, user: User, size: int = SIZE) -> None:
        self.site: Site = user.site
        self.user = user
        self.size = size
        self.number = 0

    def submit(self) -> int:
        """Hands it in."""
        script = self.user.script(SCRIPT)
        out = ["-o", "out_%a", "-e", "err_%a"]
        self.number = self.user.submit(f"--array=0-{self.size - 1}", *out, script)
        return self.number

    def cancel_the_waiting(self) -> None:
        """Takes a part of it away before it starts."""
        self.user.ok("tscancel", f"{self.number}_[150-169]")

    def cancel_the_sleepers(self) -> None:
        """Cancels each of the tasks that would sleep for a minute, as soon as it runs."""
        for task in sorted(SLEEPERS):
            self.user.until_file(f"made_{task}", f"this is {task}")
            self.user.ok("tscancel", f"{self.number}_{task}")

    def until_started(self, count: int) -> None:
        """Waits until so many tasks have written that they started."""
        path = self.user.here / "books"
        self.site.until(
            lambda: path.exists() and path.read_text().count("start ") >= count,
            f"{count} tasks have started",
        )

    def has_ended_well(self, lost: Iterable[int] = (), timeout_s: float = 60) -> None:
        """Waits for the end and looks at everything. `lost`: whose end may not be known."""
        lines = self.site.until_ended(self.number, timeout_s)
        assert set(lines) == {f"{self.number}_{task}" for task in range(self.size)}
        lost = frozenset(lost)
        wrong = {
            name: (line["state"], line["exit_code"], line["exit_signal"], line["reason_words"])
            for name, line in lines.items()
            if not _is_right(line, lost)
        }
        assert not wrong, f"{wrong}\n{self.site.report()}"
        self._nothing_ran_twice()
        self._outputs_are_right(lost)
        self._never_too_many(lines)
        assert self.site.ask("status").out.count(b"0 of 4 taken") == 1

    def _nothing_ran_twice(self) -> None:
        started = Counter(int(line.split()[1]) for line in self._books() if line[0] == "s")
        expected = set(range(self.size)) - WAITING
        assert started == Counter(expected)

    def _outputs_are_right(self, lost: frozenset[int]) -> None:
        for task in sorted(set(range(self.size)) - WAITING - SLEEPERS - lost):
            assert self.user.read(f"made_{task}") == f"this is {task}\n"
            assert self.user.read(f"out_{task}") == f"out of {task}\n"
            assert self.user.read(f"err_{task}") == ""
        for task in WAITING:
            assert not (self.user.here / f"out_{task}").exists()

    def _never_too_many(self, lines: dict[str, Line]) -> None:
        """By the jobs' own books (the record's end for those who could not write theirs)."""
        moments = []
        for entry in self._books():
            what, _, moment = entry.split()
            moments.append((float(moment), 1 if what == "start" else -1))
        ended = {int(entry.split()[1]) for entry in self._books() if entry[0] == "e"}
        for line in lines.values():
            if line["started_at"] is not None and line["task"] not in ended:
                moments.append((line["ended_at"], -1))
        taken = most = 0
        for _, change in sorted(moments):
            taken += change
            most = max(most, taken)
        assert 1 < most <= CORES

    def _books(self) -> list[str]:
        return self.user.read("books").splitlines()


def _is_right(line: Line, lost: frozenset[int]) -> bool:
    task = line["task"]
    if task in lost and line["state"] == "NODE_FAIL":
        return bool(line["reason"] == "WorkerLost")
    if task in lost & SLEEPERS:
        return bool(line["state"] == "CANCELLED")
    if task in WAITING:
        return bool(line["state"] == "CANCELLED" and line["started_at"] is None)
    if task in SLEEPERS:
        return bool(line["state"] == "CANCELLED" and line["exit_signal"] == 15)
    code = 3 if task % 7 == 3 else 0
    state = "FAILED" if code else "COMPLETED"
    return (line["state"], line["exit_code"], line["exit_signal"]) == (state, code, 0)
