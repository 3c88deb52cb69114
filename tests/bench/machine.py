"""The machine that figures are from, as far as it matters to them."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import time
from pathlib import Path
from typing import Any

Facts = dict[str, Any]  # Any: numbers and words


def facts(place: Path, interpreter: str) -> Facts:
    """Before a run. `place`: where the queues are."""
    asked = [interpreter, "-c", "import platform; print(platform.python_version())"]
    python = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(pages / 2**30),
        "kernel": _release(platform.release()),
        "file_system": _file_system(place),
        "python": python,
        "is_root": os.geteuid() == 0,
        "load_before": load(),
    }


def load() -> float:
    """How busy it has been in the last minute."""
    return round(os.getloadavg()[0], 2)


def _release(text: str) -> str:
    found = re.match(r"\d+\.\d+", text)
    return found[0] if found else text


def _file_system(place: Path) -> str:
    """Of what kind it is: that of the longest mount point above."""
    best, kind = "", "?"
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mounted, name, *_ = line.split()
        is_above = str(place).startswith(mounted.rstrip("/") + "/")
        if is_above and len(mounted) >= len(best):
            best, kind = mounted, name
    return kind


def sentence(found: Facts) -> str:
    """`2 cores, 24 GiB, Linux 6.1, ext4, Python 3.11.2; ...`.

    How much was measured is said too: a quick run measures less than its rows say.
    """
    words = (
        f"{found['cores']} cores, {found['memory_gib']} GiB, Linux {found['kernel']},"
        f" {found['file_system']}, Python {found['python']}; {found['date']}"
    )
    if "waiting" in found:
        words += f"; {found['waiting']} jobs waiting, throughput of {found['tasks']} jobs"
    if "took_s" in found:
        words += (
            f", {found['took_s']} s; load {found['load_before']} before,"
            f" {found['load_after']} after"
        )
    return words
