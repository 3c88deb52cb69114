"""Users who submit, cancel, hold, release and requeue for as long as they may, and remember it all.

What a command answered is a promise of the queue; a command that was killed, or found nobody to
ask, may or may not have had its effect.
"""

from __future__ import annotations

import random
import re
import subprocess
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.user import COMMAND_S, Done, User

# What a job does before it exits with its code: nothing much; leaves children of several kinds
# behind; ignores TERM; kills itself; never ends; runs into its time limit.
KINDS = {"plain": 10, "family": 3, "deaf": 2, "suicide": 1, "endless": 1, "late": 1}
SLOW = ("endless", "late")  # and so no array
DEEDS = {
    "submit": 9,
    "submit_array": 3,
    "cancel": 3,
    "requeue": 3,
    "hold": 2,
    "release": 2,
    "look": 1,
}
THINK_S = 0.25
DONE, REFUSED, TRY_LATER, KILLED = 0, 1, 75, -9
# What a user may be told who orders something that has been overtaken by events.
OVERTAKEN = re.compile(
    r"cannot (hold|release) job \d+: it has already ended"
    r"|cannot requeue job \d+(_\d+)?: it is pending"
    r"|cannot find job \d+(_\S+)?: no such job is known"
)
SCRIPT = r"""#!/bin/bash
run=${TJS_COOKIE#*.} code=$1 kind=$2 pause=$3
echo "start $run $$ $EPOCHREALTIME" >>"$HOME/book"
[ -z "$SLURM_ARRAY_TASK_ID" ] || code=$(((code + SLURM_ARRAY_TASK_ID) % 100))
case $kind in
    family)
        sleep 300 &
        (setsid sleep 300 &)
        (trap '' TERM HUP; setsid sleep 300 </dev/null >/dev/null 2>&1 &)
        ;;
    deaf) trap '' TERM ;;
    endless | late) sleep 300 ;;
esac
sleep "$pause"
echo "end $run $$ $EPOCHREALTIME $code" >>"$HOME/book"
[ "$kind" != suicide ] || kill -KILL $$
exit "$code"
"""


@dataclass
class Order:
    """A submission. `number` None: nobody was told. `cancels`: None stands for the whole job."""

    name: str
    kind: str
    code: int
    cores: int
    tasks: int
    number: int | None = None
    cancels: set[int | None] = field(default_factory=set)

    def expects(self, task: int | None) -> tuple[str, int, int] | None:
        """State, exit code and signal of a unit that is let alone; None: it never ends so."""
        code = self.code if task is None else (self.code + task) % 100
        match self.kind:
            case "endless" | "late":
                return None
            case "suicide":
                return ("FAILED", 0, 9)
            case _:
                return ("FAILED" if code else "COMPLETED", code, 0)


class InFlight:
    """The commands under way, for whoever wants to kill one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()

    def enter(self, process: subprocess.Popen[str]) -> None:
        """A command has begun."""
        with self._lock:
            self._running.add(process)

    def leave(self, process: subprocess.Popen[str]) -> None:
        """It has ended."""
        with self._lock:
            self._running.discard(process)

    def all(self) -> list[subprocess.Popen[str]]:
        """Those that run now, in order of age."""
        with self._lock:
            return sorted(self._running, key=lambda process: process.pid)


class Customer(threading.Thread):
    """One user at work, until told to stop. `wrong`: what no user should ever have seen."""

    def __init__(self, user: User, seed: str, in_flight: InFlight) -> None:
        super().__init__(name=user.person.name, daemon=True)
        self.user = user.move()
        self.orders: list[Order] = []
        self.answers: Counter[int] = Counter()
        self.wrong: list[str] = []
        self._chance = random.Random(f"{seed}/{user.home.name}")
        self._in_flight = in_flight
        self._enough = threading.Event()
        self._script = self.user.file("job.sh", SCRIPT)

    @property
    def book(self) -> Path:
        """What this user's jobs wrote down themselves."""
        return self.user.home / "book"

    def run(self) -> None:
        """One deed after the other."""
        try:
            while not self._enough.is_set():
                deed = self._chance.choices(list(DEEDS), list(DEEDS.values()))[0]
                getattr(self, f"_{deed}")()
                self._enough.wait(self._chance.expovariate(1 / THINK_S))
        except Exception as error:  # told by whoever reckons up
            self.wrong.append(repr(error))

    def stop(self) -> None:
        """Finish what is under way, then no more."""
        self._enough.set()
        self.join()

    # Deeds

    def _submit(self) -> None:
        self._order(0, [])

    def _submit_array(self) -> None:
        size = self._chance.randint(2, 8)
        limit = self._chance.choice(["", "", f"%{self._chance.randint(1, 3)}"])
        self._order(size, [f"--array=0-{size - 1}{limit}"])

    def _order(self, tasks: int, options: list[str]) -> None:
        chance = self._chance
        kinds = [kind for kind in KINDS if not (tasks and kind in SLOW)]
        kind = chance.choices(kinds, [KINDS[kind] for kind in kinds])[0]
        cores = chance.choice([1, 1, 1, 2])
        name = f"{kind}-{self.user.home.name}-{len(self.orders)}"
        order = Order(name, kind, chance.choice([0, 0, chance.randrange(1, 100)]), cores, tasks)
        self.orders.append(order)
        options += ["--hold"] * (chance.random() < 0.1) + ["--time=0:01"] * (kind == "late")
        pause = f"{chance.uniform(0.02, 0.5):.3f}"
        done = self._do(
            "tsbatch", "--parsable", f"--job-name={name}", f"--cpus-per-task={cores}",
            "--output=/dev/null", *options, self._script, order.code, kind, pause,
        )  # fmt: skip
        if done.code == DONE:
            order.number = int(done.out)

    def _cancel(self) -> None:
        if order := self._recent():
            task = self._task_of(order) if self._chance.random() < 0.5 else None
            order.cancels.add(task)
            how = ["-s", "KILL"] if self._chance.random() < 0.2 else []
            self._do("tscancel", *how, _named(order, task))

    def _requeue(self) -> None:
        if order := self._recent():
            self._do("tscontrol", "requeue", _named(order, self._task_of(order)))

    def _hold(self) -> None:
        if order := self._recent():
            self._do("tscontrol", "hold", order.number)

    def _release(self) -> None:
        if order := self._recent():
            self._do("tscontrol", "release", order.number)

    def _look(self) -> None:
        self._do("tsqueue")

    def _recent(self) -> Order | None:
        """One of this user's last jobs, as far as their numbers are known."""
        known = [order for order in self.orders if order.number is not None]
        return self._chance.choice(known[-8:]) if known else None

    def _task_of(self, order: Order) -> int | None:
        return self._chance.randrange(order.tasks) if order.tasks else None

    def _do(self, *command: object) -> Done:
        process = self.user.start(*command)
        self._in_flight.enter(process)
        try:
            out, err = process.communicate(timeout=COMMAND_S)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.wrong.append(f"{command} does not end: {out} {err}")
        finally:
            self._in_flight.leave(process)
        self.answers[process.returncode] += 1
        is_fine = process.returncode in (DONE, TRY_LATER, KILLED)
        is_fine |= process.returncode == REFUSED and bool(OVERTAKEN.search(err))
        if not is_fine or "bug:" in err or "Traceback" in err:
            self.wrong.append(f"{command}: exit {process.returncode}, {err}")
        return Done(process.returncode, out, err)


def _named(order: Order, task: int | None) -> str:
    return f"{order.number}" if task is None else f"{order.number}_{task}"
