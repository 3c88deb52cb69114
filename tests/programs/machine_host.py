"""What may happen to a host, its disk and clock, and to the dispatcher, in any order."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.programs.machine_rules import Rules, mortal

# What a disk may refuse to do, for a while or once.
REFUSALS = ("", "write", "rename", "sync", "open", "unlink")
settings_changed = st.fixed_dictionaries(
    {},
    optional={
        "cpus": st.integers(1, 8),
        "kill_wait_s": st.sampled_from([0.0, 30.0]),
        "max_jobs_per_user": st.sampled_from([1, 5, 100]),
        "privacy": st.sampled_from(["open", "private"]),
        "job_requeue": st.booleans(),
        "agent_lost_s": st.sampled_from([1.0, 60.0]),
        "starvation_s": st.sampled_from([0.0, 3600.0]),
        "min_job_age_s": st.sampled_from([0.0, 300.0]),
        "purge_keep_last": st.none(),
    },
)


class Machines(Rules):
    """What machines and their admins do."""

    @rule(left=st.none() | st.integers(0, 80))
    def kill_the_dispatcher(self, left):
        """`left`: the next one dies, too, after so many operations."""
        self.queue.kill()
        if left is not None:
            self.queue.begin(left=left)
        self.revive()

    @rule(left=st.integers(0, 60))
    def doom(self, left):
        """The dispatcher will die after so many operations more."""
        self.queue.disk.left = left

    @rule(down_s=st.sampled_from([10.0, 60.0, 86400.0]), left=st.none() | st.integers(0, 80))
    def restart_the_host(self, down_s, left):
        self.surrendered.clear()
        if not self.queue.reboot(down_s, left=left):
            self.revive()
        self.ceiling = self.queue.config.cpus

    @rule(refused=st.sampled_from(REFUSALS))
    def refuse(self, refused):
        """The disk is full, or worse, until it is said otherwise."""
        self.queue.disk.full = refused

    @rule(soon=st.integers(1, 30), more=st.integers(0, 2))
    def refuse_once(self, soon, more):
        self.queue.disk.fail_at(soon, more)

    @rule(duration_s=st.sampled_from([0, 1, 40, 400, 5000]))
    @mortal
    def time_passes(self, duration_s):
        self.queue.sleep(duration_s)

    @rule(by_s=st.sampled_from([-86400, -3600, -1, 1, 3600, 86400 * 400]))
    @mortal
    def set_the_clock(self, by_s):
        self.queue.clock.step_wall(by_s)
        self.queue.sleep(0)

    @rule(changes=settings_changed)
    def reconfigure(self, changes):
        """The dispatcher may die of it, or the disk refuse: then the admin tries again."""
        queue = self.queue
        queue.disk.left, queue.disk.full = None, ""
        queue.disk.work_again()
        self.ceiling = max(self.ceiling, queue.cores_taken, changes.get("cpus", 0))
        queue.reconfigure(**changes)
