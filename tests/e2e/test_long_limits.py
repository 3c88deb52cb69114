"""Time limits longer than the kernel lets anybody wait at a time."""

from __future__ import annotations

import pytest

from tests.e2e.rig import Site
from tests.e2e.user import User

WAITS = "while [ ! -e go ]; do sleep 0.02; done; exit 5"


@pytest.mark.parametrize("limit", ["30-0", "3650-0", "UNLIMITED"])
def test_a_job_keeps_its_worker_however_far_away_its_limit_is(
    site: Site, ann: User, limit: str
) -> None:
    number = ann.wrap(WAITS, f"--time={limit}")
    site.until_state(number, "RUNNING")
    log = site.root / "users" / f"u{ann.person.uid}" / "agent.log"
    ann.file("go", "")
    assert site.until_state(number, "FAILED")["exit_code"] == 5
    told = [line for line in log.read_text().splitlines() if f"job={number} " in line]
    assert told
    assert not [line for line in told if "Overflow" in line or "WorkerLost" in line]
