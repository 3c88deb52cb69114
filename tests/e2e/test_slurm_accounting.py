"""sacct and sstat with a real queue: what jobs took is measured, also of what is short."""

from __future__ import annotations

from tests.e2e.rig import Site
from tests.e2e.user import User

HOLDS = "x=$(head -c 60000000 /dev/zero | tr '\\0' x)"


def figures(ann: User, number: int, columns: str) -> list[list[str]]:
    out = ann.ok("slurm/sacct", "-nPj", number, "-o", columns)
    return [line.split("|") for line in out.splitlines()]


def kib(text: str) -> float:
    return float(text[:-1]) * {"K": 1, "M": 1024, "G": 1024**2}[text[-1]]


def test_what_a_short_job_took_is_known(site: Site, ann: User):
    ann.script(f"{HOLDS}\nexit 3")
    number = ann.submit("-c", "2", "job.sh")
    site.until_ended(number)
    whole, batch = figures(ann, number, "jobid,state,exitcode,maxrss,totalcpu,alloccpus")
    assert whole[:4] == [str(number), "FAILED", "3:0", ""]
    assert batch[:3] == [f"{number}.batch", "FAILED", "3:0"]
    assert 58_000 < kib(batch[3]) < 400_000
    assert whole[4] == batch[4] != "00:00:00"
    assert whole[5] == "2"
    assert ann.ok("tsacct", "-nPXj", number, "-o", "state") == "FAILED\n"


def test_what_runs_is_looked_at(site: Site, ann: User):
    ann.script(f"{HOLDS}\necho there >here; sleep 60 & wait")
    number = ann.submit("job.sh")
    ann.until_file("here")
    line = ann.ok("slurm/sstat", "-nP", f"{number}.batch", "-o", "jobid,ntasks,maxrss,avecpu")
    name, tasks, memory, _ = line.strip().split("|")
    assert (name, tasks) == (f"{number}.batch", "1")
    assert kib(memory) > 58_000
    assert figures(ann, number, "state,end") == [["RUNNING", "Unknown"]] * 2
    ann.ok("tscancel", number)
    site.until_ended(number)
    [whole, batch] = figures(ann, number, "state,exitcode")
    assert whole == [f"CANCELLED by {ann.person.uid}", "0:0"]
    assert batch == ["CANCELLED", "0:15"]
