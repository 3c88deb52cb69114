"""Recorded cases in which this project differs from the recording on purpose, and why.

Printed into docs/slurm.md. A case that is listed and passes fails its test: the list stays true.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from tests.slurm.recorded import Case


@dataclass(frozen=True)
class Chance:
    """Why a recording is of who came first, and what is not looked at: `lines`, `files`."""

    why: str
    lines: str = ""
    files: str = ""

    def without(self, text: str) -> str:
        """A text but for such lines."""
        return re.sub(self.lines, "", text, flags=re.MULTILINE) if self.lines else text


NOTHING_IS_LEFT = (
    "recorded without cgroups, where Slurm leaves children behind; here nothing of a job outlives"
    " it, as with Slurm's `proctrack/cgroup`"
)

DIFFERING: Mapping[str, str] = MappingProxyType(
    {
        "env-process-group-and-session": (
            "a job has a session of its own, so that one that was stopped outlives its keeper,"
            " which is called `ts 42.1` and not slurmstepd"
        ),
        "opt-export-none": (
            "every job has `TJS_COOKIE`, by which its processes are known; `_` and `SHLVL`, which"
            " a shell says of itself, are not taken over from the login"
        ),
        "kill-background-child-after-normal-end": NOTHING_IS_LEFT,
        "kill-nohup-disown-child-after-normal-end": NOTHING_IS_LEFT,
        "sattach-errors": "there is no sattach: srun keeps the terminal of its steps",
        "sreport-and-sacctmgr-read": "there are no accounts to manage, and so no sacctmgr",
        "sinfo-drained-node": (
            "the job starts as soon as the host is open again; Slurm waits until the node has"
            " answered, which is after the end of the recording"
        ),
    }
)
# What is only sometimes as recorded; all else of these cases is compared.
CHANCE: Mapping[str, Chance] = MappingProxyType(
    {
        "dep-on-array-element": Chance(
            "the element may have ended before it is asked what waits for it",
            lines=r"^(afterok:.*|\(null\))\n",
        ),
        **dict.fromkeys(
            (
                *("kill-scancel-ignoring-term", "kill-scancel-signals-whole-group"),
                *("limit-time-ignore-term", "limit-time-trap-and-go-on", "limit-time-trap-exit-0"),
                "scancel-default-signals",
            ),
            Chance(
                "bash says Terminated if just then a command of the script ran that TERM ended",
                lines=r"^Terminated\n",
            ),
        ),
        "scancel-signal-full": Chance(
            "bash names the signal if just then a command of the script ran that it ended",
            lines=r"^User defined signal 1\n",
        ),
        **dict.fromkeys(
            ("opt-qos-reservation-cluster-unknown", "quiet", "sinfo-partition-down"),
            Chance(
                "the job may have started, and made its output file, before the case is over",
                files="slurm-*.out",
            ),
        ),
    }
)


def tolerant(case: Case) -> Case:
    """The case without what is chance."""
    chance = CHANCE.get(case.name)
    if chance is None:
        return case
    norm, ignore = case.norm, case.ignore
    if chance.lines:
        norm = [(chance.lines, ""), *norm]
    if chance.files:
        ignore = [chance.files, *ignore]
    return replace(
        case,
        steps=[
            replace(step, out=chance.without(step.out), err=chance.without(step.err))
            for step in case.steps
        ],
        outputs={name: chance.without(text) for name, text in case.outputs.items()},
        norm=norm,
        ignore=ignore,
    )
