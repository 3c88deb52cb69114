"""Where pids are given away within a blink, jobs end as elsewhere, and nobody else is hurt."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from tests.e2e.people import CAN_BE_OTHERS, REPOSITORY
from tests.host.test_reuse import NAMESPACE

SECONDS = 4
# Before, the largest pid was one number for all namespaces of a host: not ours to change.
PID_MAX_OF_ITS_OWN = (6, 14)


@pytest.mark.soak
@pytest.mark.crash
def test_nobody_is_hurt_who_was_given_the_pid_of_a_jobs_process(compiled: None, soak: int):
    release = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
    if not CAN_BE_OTHERS or release < PID_MAX_OF_ITS_OWN:
        pytest.skip("CI cannot run this: needs root, and Linux 6.14")
    command = [*NAMESPACE, sys.executable, "-m", "tests.e2e.few_pids", str(SECONDS * soak)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    said = re.search(r"(\d+) others, (\d+) hurt, (\d+) jobs", done.stdout)
    assert said is not None, done.stderr
    born, hurt, jobs = map(int, said.groups())
    assert hurt == 0
    assert born > 300
    assert jobs >= 2
    sys.stdout.write(f"{born} processes among 400 pids, {jobs} jobs ended: {hurt} hurt\n")
