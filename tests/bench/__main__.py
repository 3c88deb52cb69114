"""Measures tinysched beside the machine's own limits and beside other schedulers, in one run.

    tests/run --bench                                all of it, some half an hour
    tests/run --bench --quick                        smaller numbers, some minutes
    tests/run --bench --measures submit,dispatch --systems bare,tsp
    tests/run --bench --against ../other-checkout    two of ours, side by side
    tests/run --bench --json FILE                    every sample; docs/performance.md is made of it

What stands in the way of a system leaves it out and is said. Figures of a busy host say little but
for their ratios; nobody should do anything else meanwhile.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from tests.bench import machine, processes, table
from tests.bench.catalogue import GROUPS, MEASURES, SYSTEMS, judged_rows
from tests.bench.processes import BenchError
from tests.bench.results import Results
from tests.bench.rows import OURS
from tests.bench.scale import FULL, QUICK, TINY
from tests.bench.stage import FAILURES, Bench, say
from tests.bench.systems.floors import Bare
from tests.bench.systems.hq import HyperQueue
from tests.bench.systems.ours import REPOSITORY, Tinysched, install, launch
from tests.bench.systems.slurm import TunedSlurm
from tests.bench.systems.system import System

BEFORE = "before"
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 0, or 1 if something could not be measured that should have been."""
    given = parser().parse_args([word for word in arguments if word != "--bench"])
    if given.show:
        results = Results.parse(Path(given.show).read_text())
    else:
        results = Results()
        try:
            measure(given, results)
        finally:  # what an interrupted run has measured took its time, too
            if given.json and results.samples:
                Path(given.json).write_text(results.as_json())
    sys.stdout.write(report(results))
    return 1 if results.errors else 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(
        prog="tests/run --bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--quick", action="store_true", help="smaller numbers")
    add("--tiny", action="store_true", help="hardly any numbers: only to see that it works")
    add("--measures", metavar="A,B", help=f"only these of: {', '.join(MEASURES)}")
    names = ", ".join(kind.name for kind in SYSTEMS if kind is not Tinysched)
    add("--systems", metavar="A,B", help=f"beside ours only these of: {names}")
    add("--against", metavar="DIR", help="another checkout of ours, measured as 'before'")
    add("--checkout", action="store_true", help="run this checkout itself; nothing is installed")
    add("--hyperqueue", metavar="DIR", default="", help="an environment that has hyperqueue")
    add("--json", metavar="FILE", help="write every sample")
    add("--show", metavar="FILE", help="measure nothing, print what such a file says")
    return made


def measure(given: argparse.Namespace, results: Results) -> None:
    """A run from beginning to end; whatever happens, nothing of it is left."""
    for signum in _STOPS:
        signal.signal(signum, _stop)
    scale = TINY if given.tiny else QUICK if given.quick else FULL
    wanted = _chosen(given.measures, MEASURES)
    HyperQueue.environment_of_it = given.hyperqueue and os.path.abspath(given.hyperqueue)
    against = given.against and Path(given.against).resolve()
    home = os.getcwd()
    place = Path(tempfile.mkdtemp(prefix="ts-bench-"))
    place.chmod(0o755)
    processes.adopt_orphans()
    try:
        os.chdir(place)
        kinds = _ours(place, against, is_checkout=given.checkout)
        others = _chosen(given.systems, [kind.name for kind in SYSTEMS])
        asked = [kind for kind in SYSTEMS[1:] if kind.name in others]
        if given.quick and not given.systems:
            asked.remove(TunedSlurm)
        kinds += [kind for kind in asked if not kind.missing()]
        bench = Bench(place, kinds, scale, frozenset(wanted), results)
        results.skipped = {kind.name: why for kind in asked if (why := kind.missing())}
        _run(bench)
    finally:
        os.chdir(home)
        try:
            processes.end_all()
        finally:
            shutil.rmtree(place, ignore_errors=True)


def _stop(signum: int, frame: FrameType | None) -> None:
    for one in _STOPS:
        signal.signal(one, signal.SIG_IGN)  # once is enough: what follows ends all processes
    sys.exit(128 + signum)


def _chosen(words: str | None, known: Sequence[str]) -> list[str]:
    if words is None:
        return list(known)
    chosen = words.split(",")
    for word in chosen:
        if word not in known:
            sys.exit(f"cannot measure {word!r}: there are {', '.join(known)}")
    return chosen


def _ours(place: Path, against: Path | None, *, is_checkout: bool) -> list[type[System]]:
    say("installing")
    try:
        Tinysched.installation = (
            launch(place / "ours") if is_checkout else install(REPOSITORY, place / "ours")
        )
        Bare.interpreter = Tinysched.installation.interpreter
        kinds: list[type[System]] = [Tinysched]
        if against:
            before = install(against, place / BEFORE)
            kinds.append(type("Before", (Tinysched,), {"name": BEFORE, "installation": before}))
    except BenchError as error:
        sys.exit(str(error))
    return kinds


def _run(bench: Bench) -> None:
    results, began = bench.results, time.monotonic()
    results.facts = machine.facts(bench.place, Bare.interpreter)
    results.facts |= {"waiting": bench.scale.pending, "tasks": bench.scale.tasks}
    about = bench.place / "about"
    about.mkdir()
    results.systems = {kind.name: kind(about).about() for kind in bench.kinds}
    for group in GROUPS:
        try:
            group.run(bench)
        except FAILURES as error:
            bench.failed(group.__name__.rpartition(".")[2], OURS, error)
    results.facts |= {"took_s": round(time.monotonic() - began), "load_after": machine.load()}


def report(results: Results) -> str:
    """All that a run has to say."""
    rows = judged_rows(results)
    lines, notes = table.everybody(rows, results)
    parts = [machine.sentence(results.facts)]
    parts += [f"{name}: {about}" for name, about in results.systems.items()]
    parts += [f"not measured: {name}, {why}" for name, why in results.skipped.items()]
    parts += ["", table.as_text(table.goals(rows)), "", table.as_text(lines), *notes, ""]
    parts += [f"failed: {error}" for error in results.errors]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
