"""conf/examples/: what ships as an example loads, and means what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinysched.config import Config, load
from tinysched.partitions import Partition

EXAMPLES = Path(__file__).parents[2] / "conf" / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_loads_and_changes_something(path: Path):
    assert load(str(path), {}).differences(Config())


def test_the_queue_like_slurm_is_the_one_that_was_recorded():
    config = load(str(EXAMPLES / "like-slurm.yaml"), {})
    assert (config.cluster_name, config.cpus, config.memory_mib) == ("linux", 8, 16000)
    assert config.max_array_size == 1001
    assert config.partitions == (
        Partition(name="debug", is_default=True, default_mem_per_cpu_mib=1000),
        Partition(name="short", max_time_s=1800, default_time_s=600, default_mem_per_cpu_mib=1000),
    )
    # the rest is Slurm's default, and ours
    assert (config.kill_wait_s, config.min_job_age_s, config.job_requeue) == (30, 300, True)
