"""What must hold of a queue once everything in it has ended, whoever was killed meanwhile."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from tests import wait
from tests.e2e.crowd import Customer, Order
from tests.e2e.marauder import Marauder
from tests.e2e.rig import Line, Site
from tinysched.spool.survey import survey

Run = tuple[int, int | None, int]  # job, task, attempt
# What a record says in its own words, and tsqueue --json in others.
SAME = ("state", "reason", "exit_code", "exit_signal", "started_at", "ended_at", "attempt")
CLOCKS_S = 1.0


@dataclass
class Attempt:
    """What a script wrote down itself."""

    began_at: float
    ended_at: float | None = None
    code: int | None = None


class Reckoning:
    """Everything that is wrong is found, not only the first."""

    def __init__(
        self, site: Site, customers: list[Customer], marauder: Marauder, cores: int
    ) -> None:
        self._site = site
        self._customers = customers
        self._marauder = marauder
        self._cores = cores
        self.wrong: list[str] = [words for each in customers for words in each.wrong]
        self.ends: Counter[str] = Counter()
        self.starts: Counter[Run] = Counter()
        self._attempts: dict[Run, Attempt] = {}
        self._orders = {order.name: order for each in customers for order in each.orders}

    def reckon(self) -> None:
        """Looks at everything while the queue runs, without it, and when it runs again."""
        self._read_books()
        lines = {line["id"]: line for line in self._site.lines("-r", "--all")}
        self._all_there(lines)
        for line in lines.values():
            self._check_unit(line)
        self._check_starts(lines)
        self._check_cores(lines)
        self._check_nothing_left()
        self._site.admin.ok("tsdaemon", "stop")
        self._check_disk(lines)
        self._site.start_supervised()
        again = {line["id"]: line for line in self._site.lines("-r", "--all")}
        self._same("a restart", lines, again)

    def _complain(self, words: str) -> None:
        self.wrong.append(words)

    # What the scripts say

    def _read_books(self) -> None:
        for customer in self._customers:
            if not customer.book.exists():
                continue
            for entry in customer.book.read_text().splitlines():
                what, name, _, moment, *code = entry.split()
                run = _run(name)
                if what == "start":
                    self.starts[run] += 1
                    self._attempts[run] = Attempt(float(moment))
                else:
                    self._attempts[run].ended_at = float(moment)
                    self._attempts[run].code = int(code[0])

    def _check_starts(self, lines: dict[str, Line]) -> None:
        last = {(line["job"], line["task"]): line["attempt"] for line in lines.values()}
        for (job, task, attempt), count in self.starts.items():
            if count > 1:
                self._complain(f"{job}_{task}.{attempt} was started {count} times")
            if attempt > last.get((job, task), 0):
                self._complain(f"{job}_{task}.{attempt} was started, and never granted")

    # What tsqueue says

    def _all_there(self, lines: dict[str, Line]) -> None:
        by_job = Counter(line["job"] for line in lines.values())
        for order in self._orders.values():
            if order.number is not None and by_job[order.number] != max(1, order.tasks):
                self._complain(f"job {order.number} was promised, and is {by_job[order.number]}")
        for line in lines.values():
            if line["name"] not in self._orders:
                self._complain(f"job {line['id']} was never ordered: {line}")

    def _check_unit(self, line: Line) -> None:
        order = self._orders[line["name"]]
        self.ends[line["state"]] += 1
        words = f"{line['id']} ({order.kind}, cancels {order.cancels}) is {_told(line)}"
        match line["state"]:
            case "CANCELLED":
                is_right = order.kind == "endless" or bool({None, line["task"]} & order.cancels)
            case "NODE_FAIL":
                is_right = self._may_be_lost(line)
            case "TIMEOUT":
                is_right = order.kind == "late"
            case _:
                is_right = self._has_ended_by_itself(order, line)
        if not is_right:
            self._complain(f"{words}: {line['reason_words']}")

    def _has_ended_by_itself(self, order: Order, line: Line) -> bool:
        attempt = self._attempts.get((line["job"], line["task"], line["attempt"]))
        if attempt is None or attempt.code is None:
            return False
        told = (line["state"], line["exit_code"], line["exit_signal"])
        return told == order.expects(line["task"])

    def _may_be_lost(self, line: Line) -> bool:
        """Agent and worker of this very attempt were killed while it lived."""
        name = f"{line['id']}.{line['attempt']}"
        agents = self._marauder.agent_kills.get(line["uid"], [])
        began = self._attempts.get((line["job"], line["task"], line["attempt"]))
        since = (line["started_at"] or line["submitted_at"]) if began is None else began.began_at
        until = line["ended_at"] + CLOCKS_S
        return (
            line["reason"] == "WorkerLost"
            and line["exit_code"] is None
            and name in self._marauder.worker_kills
            and any(since - CLOCKS_S <= at <= until for at in agents)
        )

    def _check_cores(self, lines: dict[str, Line]) -> None:
        """By the jobs' own books; for those who could not write their end, the record's."""
        ends = {
            (line["job"], line["task"], line["attempt"]): line["ended_at"]
            for line in lines.values()
            if line["started_at"] is not None  # else it was requeued, and cancelled as it waited
        }
        cores = {(li["job"], li["task"]): li["cpus"] for li in lines.values()}
        moments = []
        for (job, task, number), attempt in self._attempts.items():
            ended_at = attempt.ended_at or ends.get((job, task, number))
            if ended_at is None:
                continue  # of what was stopped to be requeued no end is kept
            name = f"{job}_{task}.{number}"
            moments.append((attempt.began_at, cores.get((job, task), 0), name))
            moments.append((ended_at, -cores.get((job, task), 0), name))
        taken: dict[str, int] = {}
        for moment, count, name in sorted(moments):
            taken[name] = max(0, count)
            if sum(taken.values()) > self._cores and count > 0:
                self._complain(f"too many cores were taken at {moment}: {taken}")
            if count < 0:
                del taken[name]
        if f"0 of {self._cores} taken".encode() not in self._site.ask("status").out:
            self._complain(f"cores are taken: {self._site.ask('status').out.decode()}")

    # What is left

    def _check_nothing_left(self) -> None:
        try:  # an agent may just be leaving
            wait.until(lambda: not self._site.strays(), says="nobody is left", timeout_s=5)
        except AssertionError:
            self._complain(f"processes are left: {self._site.strays()}")
        if temporary := list((self._site.root / "tmp").iterdir()):
            self._complain(f"temporary files are left: {temporary}")
        if strangers := [
            item.path for item in survey(str(self._site.root)).found if not item.place
        ]:
            self._complain(f"files that nobody knows are left: {strangers}")
        if bugs := list(self._log_lines("Bug", "Traceback")):
            self._complain(f"logs speak of bugs: {bugs}")

    def _log_lines(self, *words: str) -> Iterator[str]:
        root = self._site.root
        for path in (*root.glob("logs/*"), *root.glob("users/*/agent.log*")):
            for entry in path.read_text(errors="replace").splitlines():
                if any(word in entry for word in words):
                    yield f"{path.name}: {entry}"

    # What the disk says

    def _check_disk(self, lines: dict[str, Line]) -> None:
        found: dict[str, list[str]] = defaultdict(list)
        units = {}
        for path in (self._site.root / "queue").glob("*/*.meta"):
            record = json.loads(path.read_text())
            found[path.name].append(path.parent.name)
            if "unit" in record:
                task = record.get("task")
                name = str(record["id"]) if task is None else f"{record['id']}_{task}"
                units[name] = _facts(record["unit"])
                wanted = "completed" if units[name]["state"] == "COMPLETED" else "failed"
            else:
                is_good = record["elements"]["worst"] == "COMPLETED"
                wanted = "completed" if is_good else "failed"
            if found[path.name] != [wanted]:
                self._complain(f"{path.name} is in {found[path.name]}, not in {wanted}")
        unstarted = {name for name, line in lines.items() if line["attempt"] == 0}
        told = {n: li for n, li in lines.items() if n in units or n not in unstarted}
        self._same("the disk", told, units)

    def _same(self, source: str, lines: dict[str, Line], others: dict[str, Line]) -> None:
        for name in lines.keys() | others.keys():
            one, other = _told(lines.get(name, {})), _told(others.get(name, {}))
            if one != other:
                self._complain(f"{name} is {one}, and {source} says {other}")


def _run(name: str) -> Run:
    job, _, attempt = name.partition(".")
    number, _, task = job.partition("_")
    return int(number), int(task) if task else None, int(attempt)


def _facts(unit: Line) -> Line:
    state = unit["state"]
    exit_ = state.get("exit") or {"code": None, "signal": None}
    return {
        "state": state.get("outcome", state["is"]),
        "reason": state.get("reason", "").replace("None", ""),
        "exit_code": exit_["code"],
        "exit_signal": exit_["signal"],
        "started_at": state.get("started_at"),
        "ended_at": state.get("ended_at"),
        "attempt": unit["attempt"],
    }


def _told(line: Line) -> dict[str, object]:
    return {key: line.get(key) for key in SAME}
