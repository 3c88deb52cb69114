"""What holds for every test: thoroughness of hypothesis, meaning of a skip, time of an e2e test."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}  # noqa: TID251 -- tells desk from CI
CI_CANNOT = "CI cannot run this"
E2E_TIMEOUT_S = 120
# These keep programs running below the test run, where others look for what they left behind.
WHOLE_QUEUES = ("e2e", "security")

settings.register_profile("desk", max_examples=50, deadline=None)
settings.register_profile(
    "ci",
    max_examples=500,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ci" if IN_CI else "desk")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Golden files change only by somebody who reads the difference; campaigns take a while."""
    parser.addoption(
        "--bless", action="store_true", help="rewrite golden files that differ, and fail"
    )
    parser.addoption(
        "--soak", type=int, default=0, metavar="N", help="campaigns, N times as long as usual"
    )
    parser.addoption(
        "--slurm", action="store_true", help="replay what a real Slurm was recorded doing"
    )
    parser.addoption(
        "--clients",
        nargs="?",
        const="all",
        metavar="NAMES",
        help="play what programs that know Slurm do here: all of them, or a,b,...",
    )
    parser.addoption("--no-slow", action="store_true", help="with --slurm: without the slow cases")


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> int:
    """How many times as long as usual a campaign goes on (1: an ordinary run)."""
    return int(request.config.getoption("--soak")) or 1


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compares a text with a golden file; with --bless writes the file and fails."""

    def compare(path: Path, text: str) -> None:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        if request.config.getoption("--bless"):
            path.write_text(text, encoding="utf-8")
            pytest.fail(f"{path.name} was rewritten: read the difference")
        assert path.exists(), f"{path} is missing; --bless writes it"
        assert text == path.read_text(encoding="utf-8")

    return compare


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Whole queues take longer than a function and come last; campaigns have no time limit."""
    items.sort(key=lambda item: item.path.parent.name in WHOLE_QUEUES)
    for item in items:
        if config.getoption("--soak") and item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.timeout(0), append=False)
        if item.path.parent.name == "e2e" and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(E2E_TIMEOUT_S))
        if item.path.parent.name == "e2e" and not item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.e2e)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failure, unless its reason says that CI cannot run it."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else ""
        if CI_CANNOT not in reason:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped in CI: {reason}"
    return report
