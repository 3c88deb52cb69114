"""What holds for tests of real processes: they hold for each way to start one."""

from __future__ import annotations

import pytest

from tinysched.host import forking, launch


@pytest.fixture(params=["as usual", "by a fork"])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are started as they usually are, and then all as those that are out of the usual."""
    if request.param == "by a fork":
        monkeypatch.setattr(launch, "WAYS", (forking.start,))
