"""slurm-usage: who uses what, now and in the past."""

import os
import subprocess

import polars
from stage import HERE, USER, same, shell, states, submit, tool, until

_DATA = HERE / "data"
_jobs: dict[str, str] = {}


def _says(*words: str) -> str:
    wide = {**os.environ, "COLUMNS": "200", "TERM": "dumb"}
    done = subprocess.run(
        [tool("slurm-usage"), *words], capture_output=True, text=True, env=wide, timeout=90
    )
    same(done.returncode, 0, done.stdout + done.stderr)
    return done.stdout


def it_shows_what_runs_now():
    _jobs["good"] = submit("seq 300000 | sort -R >/dev/null; sleep 2", "--job-name=good")
    _jobs["bad"] = submit("exit 4", "--job-name=bad", "--cpus-per-task=2")
    _jobs["long"] = submit("sleep 200", "--job-name=long")
    until(lambda: states(_jobs["long"]) == ["RUNNING"], "one runs")
    assert USER in _says("current")


def it_shows_the_nodes():
    (host,) = set(shell("sinfo", "-h", "-N", "-o", "%N").split())
    assert host in _says("nodes")


def it_collects_the_past():
    until(lambda: states(_jobs["good"], _jobs["bad"]) == ["COMPLETED", "FAILED"], "two have ended")
    _says("collect", "--days", "1", "--data-dir", str(_DATA), "--no-summary")
    files = [path for path in _DATA.rglob("*.parquet") if "processed" in str(path)]
    frame = polars.concat([polars.read_parquet(path) for path in files], how="diagonal_relaxed")
    rows = {str(row["job_id"]): row for row in frame.to_dicts()}
    good, bad = rows[_jobs["good"]], rows[_jobs["bad"]]
    same((good["user"], good["job_name"], good["state"]), (USER, "good", "COMPLETED"))
    same((bad["state"], bad["alloc_cpus"], bad["req_mem_mb"]), ("FAILED", 2, 150))
    assert good["total_cpu_seconds"] > 0, good
    assert good["elapsed_seconds"] >= 2, good


def it_adds_up():
    assert USER in _says("analyze", "--days", "1", "--data-dir", str(_DATA))
    shell("scancel", _jobs["long"])
