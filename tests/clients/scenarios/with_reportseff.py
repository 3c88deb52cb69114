"""reportseff: how well jobs used what they asked for."""

import re
import subprocess

from stage import HERE, USER, same, states, submit, tool, until

# Holds memory and takes three seconds of a core, however busy the host is.
_BUSY = """python3 -c '
import time
held = bytearray(90 * 1024 * 1024)
while time.process_time() < 3:
    pass
'"""
_jobs: dict[str, str] = {}


def _table(*words: str) -> dict[str, dict[str, str]]:
    """Rows by their first column."""
    done = subprocess.run(
        [tool("reportseff"), "--no-color", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    rows = [line.split() for line in done.stdout.splitlines() if line.strip()]
    return {row[0]: dict(zip(rows[0], row, strict=False)) for row in rows[1:]}


def it_finds_jobs_by_their_output_files():
    _jobs["busy"] = submit(_BUSY, "--output=busy-%j.out", "--job-name=busy")
    _jobs["bad"] = submit("exit 3", "--output=bad-%j.out", "--job-name=bad")
    _jobs["pair"] = submit("true", "--array=4,6", "--output=/dev/null")
    until(lambda: states(_jobs["bad"]) == ["FAILED"], "one job failed")
    until(lambda: states(_jobs["busy"]) == ["COMPLETED"], "the other completed")
    until(lambda: states(_jobs["pair"]) == ["COMPLETED"] * 2, "the array completed")
    found = {name.rpartition("-")[2].partition(".")[0] for name in _table(str(HERE))}
    assert {_jobs["busy"], _jobs["bad"]} <= found, found


def it_shows_how_much_of_time_core_and_memory_was_used():
    row = _table("--format", "+TotalCPU", _jobs["busy"])[_jobs["busy"]]
    same(row["State"], "COMPLETED", row)
    assert re.fullmatch(r"00:0\d:\d\d", row["Elapsed"]), row
    assert 3 <= float(row["TotalCPU"].removeprefix("00:")) < 9, row
    assert 0 < float(row["TimeEff"].rstrip("%")) <= 125, row
    assert 0 < float(row["CPUEff"].rstrip("%")) <= 125, row
    assert 40 < float(row["MemEff"].rstrip("%")) < 110, row


def it_shows_elements_of_an_array():
    same(set(_table(_jobs["pair"])), {f"{_jobs['pair']}_{number}" for number in (4, 6)})


def it_selects_by_user_time_and_state():
    ids = set(_table("--user", USER, "--since", "m=30", "--state", "F"))
    assert _jobs["bad"] in ids
    assert _jobs["busy"] not in ids


def it_shows_any_field_that_is_asked_for():
    wanted = "+JobName,User,ExitCode,Partition,NCPUS,ReqMem,AllocTRES,TotalCPU"
    row = _table("--format", wanted, _jobs["bad"])[_jobs["bad"]]
    told = (row["JobName"], row["User"], row["ExitCode"], row["NCPUS"], row["ReqMem"])
    same(told, ("bad", USER, "3:0", "1", "150M"), row)
