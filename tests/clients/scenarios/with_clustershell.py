"""clustershell: groups of nodes as Slurm knows them, with the definitions that it ships."""

import os
import sys
from pathlib import Path

from stage import PARTITION, USER, same, shell, states, submit, tool, until

_HOST = shell("sinfo", "-h", "-N", "-o", "%N").split()[0]
_jobs: list[str] = []


def _nodeset(*words: str) -> list[str]:
    return shell(tool("nodeset"), *words).split()


def it_reads_groups_from_slurm():
    (shipped,) = [
        path for path in Path(sys.prefix).rglob("slurm.conf*") if "groups.conf.d" in str(path)
    ]
    place = Path("config").absolute()
    place.mkdir()
    (place / "slurm.conf").write_text(shipped.read_text())
    (place / "groups.conf").write_text(f"[Main]\ndefault: slurmpart\nconfdir: {place}\n")
    os.environ["CLUSTERSHELL_CFGDIR"] = str(place)
    assert f"@{PARTITION}" in _nodeset("-l")
    assert "@short" in _nodeset("-l")
    same(_nodeset("-f", "@short"), [_HOST])
    same(_nodeset("-c", f"@{PARTITION}&@short"), ["1"])


def it_knows_states_of_nodes():
    names = _nodeset("-l", "-s", "slurmstate")
    assert len(names) == 1, names
    same(_nodeset("-f", names[0]), [_HOST])


def it_knows_jobs_and_users_of_nodes():
    _jobs.append(submit("sleep 200"))
    until(lambda: states(_jobs[0]) == ["RUNNING"], "a job runs")
    assert f"@slurmjob:{_jobs[0]}" in _nodeset("-l", "-s", "slurmjob")
    same(_nodeset("-f", f"@slurmjob:{_jobs[0]}"), [_HOST])
    assert f"@slurmuser:{USER}" in _nodeset("-l", "-s", "slurmuser")
    same(_nodeset("-f", f"@slurmuser:{USER}"), [_HOST])
    told = shell(tool("cluset"), "-s", "slurmjob", "-l", _HOST)
    assert _jobs[0] in told, told
    shell("scancel", _jobs[0])
