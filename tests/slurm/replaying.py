"""Does what a recorded case did, and tells what came of it."""

from __future__ import annotations

import fnmatch
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.slurm.judging import Happened, Judgement, judge
from tests.slurm.normalising import Normaliser
from tests.slurm.recorded import Case, Step
from tests.slurm.town import Town

PRELUDE = (Path(__file__).parent / "prelude.sh").read_text(encoding="utf-8")
_WHO = {"user": "alice", "other": "bob", "root": "root"}
# Variables of this form are carried from step to step.
_CARRIED = "^[JV][0-9A-Z]*$"
_SHELL = """\
{prelude}
[ ! -e {kept} ] || . {kept}
trap '__code=$?
    for __name in $(compgen -v | grep "{carried}"); do declare -p $__name; done >{new} 2>/dev/null
    exit $__code' EXIT
{run}
"""


def replay(case: Case, town: Town) -> Judgement:
    """Runs a case in a fresh directory, and judges it; its jobs have ended then."""
    with (
        tempfile.TemporaryDirectory(prefix="tc-", ignore_cleanup_errors=True) as place,
        tempfile.TemporaryDirectory(prefix="ts-") as notes,
    ):
        return _Replay(case, town, Path(place), Path(notes)).judged()


class _Replay:
    def __init__(self, case: Case, town: Town, place: Path, notes: Path) -> None:
        self._case = case
        self._town = town
        self._place = place
        self._notes = notes
        self._normal = Normaliser(
            place=str(place), host=town.host, accounts=town.accounts, own=case.norm
        )

    def judged(self) -> Judgement:
        self._notes.chmod(0o777)
        self._make_files()
        before = dict(_contents(self._place))
        try:
            happened = [self._taken(number, step) for number, step in enumerate(self._case.steps)]
            after = dict(_contents(self._place))
        finally:
            self._town.clear()
        steps = [
            Happened(exit=code, out=self._normal.text(out), err=self._normal.text(err))
            for code, out, err in happened
        ]
        return judge(self._case, steps, self._outputs(before, after))

    def _make_files(self) -> None:
        alice = self._town.accounts[0]
        self._place.chmod(0o755)
        for name, text in self._case.files.items():
            path = self._place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if text.startswith("#!") else 0o644)
        for path in (self._place, *self._place.rglob("*")):
            os.chown(path, alice.uid, alice.gid)

    def _taken(self, number: int, step: Step) -> tuple[int | None, str, str]:
        """Exit code and streams of a step; its ids are learned."""
        notes, who = self._notes, _WHO[step.who]
        script, new = notes / f"step.{number}", notes / f"kept.{number}"
        kept = notes / "kept"
        words = {"prelude": PRELUDE, "carried": _CARRIED, "kept": kept, "new": new}
        script.write_text(_SHELL.format(**words, run=step.run))
        script.chmod(0o644)
        out, err = notes / f"out.{number}", notes / f"err.{number}"
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = self._town.start(
                who,
                ["/bin/bash", "--norc", "--noprofile", script],
                cwd=self._place,
                env={**self._town.environment(who), **self._case.env},
                stdout=stdout,
                stderr=stderr,
            )
            code = _waited(process, step.limit_s)
        if new.exists() and new.stat().st_size:
            shutil.copy(new, kept)
            self._normal.learn_kept(new.read_text())
        texts = [path.read_text(errors="replace") for path in (out, err)]
        for text in texts:
            self._normal.learn_told(text)
        return code, texts[0], texts[1].replace(f"{script}: ", "bash: ")

    def _outputs(self, before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
        """What the case made of its directory."""
        found = {
            self._normal.text(path, own=False): self._normal.text(text)
            for path, text in sorted(after.items())
            if before.get(path) != text
            and not any(fnmatch.fnmatch(path, pattern) for pattern in self._case.ignore)
        }
        gone = {self._normal.text(path, own=False): "<REMOVED>" for path in {*before} - {*after}}
        return {**found, **gone}


def _waited(process: subprocess.Popen[bytes], limit_s: float) -> int | None:
    """The exit code; None if it had to be killed."""
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def _contents(place: Path) -> Iterator[tuple[str, str]]:
    """Each file below a directory, and what it holds."""
    for folder, _, names in os.walk(place):
        for name in names:
            path = Path(folder, name)
            yield str(path.relative_to(place)), _content(path)


def _content(path: Path) -> str:
    if not path.is_file():
        return "<NOT A FILE>"
    try:
        return path.read_text(errors="replace")
    except OSError:
        return "<UNREADABLE>"
