"""maestrowf: studies of steps that are jobs, followed by squeue."""

import json
import subprocess
from pathlib import Path

from stage import HERE, PARTITION, USER, same, shell, tool, until

_ENDED = {"FINISHED", "FAILED", "CANCELLED", "TIMEDOUT"}
_BATCH = {"type": "slurm", "host": "localhost", "bank": "", "queue": PARTITION}


def _step(name: str, command: str, **run) -> dict:
    asks = {"cmd": command, "procs": 1, "walltime": "00:04:00", **run}
    return {"name": name, "description": f"the step {name}", "run": asks}


def _study(name: str, *steps: dict, **more) -> Path:
    """Begins a study, and says where it goes on. JSON is YAML."""
    told = {"name": name, "description": f"about {name}"}
    study = {"description": told, "batch": _BATCH, "study": list(steps), **more}
    Path(f"{name}.yaml").write_text(json.dumps(study))
    shell(tool("maestro"), "run", "-y", "-s", "2", "-o", f"{HERE}/{name}", f"{name}.yaml")
    return HERE / name


def _states(study: Path) -> dict[str, str]:
    path = study / "status.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()] if path.exists() else []
    return {row[0]: row[3] for row in rows[1:]}


def _ends(study: Path) -> dict[str, str]:
    def ended() -> dict[str, str] | None:
        found = _states(study)
        return found if found and set(found.values()) <= _ENDED else None

    return until(ended, f"{study.name} has ended", 120)


def it_runs_steps_one_after_the_other_for_each_parameter():
    bakes = _step("bake", "$(LAUNCHER) echo $SLURM_NTASKS x $(FLOUR) >loaf", procs=2)
    eats = _step("eat", "sort $(bake.workspace)/loaf >eaten", depends=["bake"])
    kinds = {"FLOUR": {"values": ["rye", "oat"], "label": "FLOUR.%%"}}
    study = _study("bakery", bakes, eats, **{"global.parameters": kinds})
    same(set(_ends(study).values()), {"FINISHED"})
    eaten = sorted(path.read_text() for path in study.glob("eat/*/eaten"))
    same(eaten, ["2 x oat\n2 x oat\n", "2 x rye\n2 x rye\n"])


def it_does_not_begin_what_depends_on_a_failure():
    study = _study("spill", _step("pour", "exit 2"), _step("drink", "touch it", depends=["pour"]))
    same(_ends(study)["pour"], "FAILED")
    assert not list(study.rglob("it"))


def it_cancels_a_study():
    study = _study("night", _step("sleep", "sleep 250"))
    until(lambda: _states(study).get("sleep") == "RUNNING", "the step runs")
    subprocess.run(
        [tool("maestro"), "cancel", str(study)], input="y\n", text=True, check=True, timeout=60
    )
    same(_ends(study)["sleep"], "CANCELLED")
    assert "sleep" not in shell("squeue", "-h", "-u", USER, "-o", "%j").split()
