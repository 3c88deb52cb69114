"""What may happen to a host, its disk and clock, and to the dispatcher, in any order."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.programs.machine_rules import Rules, mortal

# What a disk may refuse to do, for a while or once.
STEPS_S = (0, 0, 0, 0, 0, 0, -86400, -3600, -1, 1, 3600, 86400 * 400)
REFUSED = ("write", "rename", "sync", "open", "unlink")
REFUSALS = ("", "", "once", "once", *REFUSED)
settings_changed = st.fixed_dictionaries(
    {},
    optional={
        "cpus": st.integers(1, 8),
        "kill_wait_s": st.sampled_from([0.0, 30.0]),
        "max_jobs_per_user": st.sampled_from([1, 5, 100]),
        "privacy": st.sampled_from(["open", "private"]),
        "job_requeue": st.sampled_from([True, True, False]),
        "agent_lost_s": st.sampled_from([1.0, 60.0]),
        "starvation_s": st.sampled_from([0.0, 3600.0]),
        "min_job_age_s": st.sampled_from([0.0, 300.0, 1e6]),
        "purge_keep_last": st.none(),
    },
)


class Machines(Rules):
    """What machines and their admins do."""

    @rule(left=st.none() | st.integers(0, 80), is_later=st.booleans())
    def kill_the_dispatcher(self, left, is_later):
        """Now, or after so many operations more; or the next one dies after so many, too."""
        if left is not None and is_later:
            self.queue.disk.left = left
            return
        self.queue.kill()
        if left is not None:
            self.queue.begin(left=left)
        self.revive()

    @rule(
        down_s=st.sampled_from([10.0, 60.0, 86400.0]),
        left=st.none() | st.integers(0, 80),
        refused=st.sampled_from(("", "", *REFUSED)),
    )
    def restart_the_host(self, down_s, left, refused):
        self.surrendered.clear()
        if not self.queue.reboot(down_s, refused, left):
            self.revive()
        self.ceiling = self.queue.config.cpus

    @rule(refused=st.sampled_from(REFUSALS), soon=st.integers(1, 30), more=st.integers(0, 2))
    def refuse(self, refused, soon, more):
        """The disk is full, or worse, until it is said otherwise; or fails once, soon."""
        if refused == "once":
            self.queue.disk.fail_at(soon, more)
        else:
            self.queue.disk.full = refused

    @rule(sleep_s=st.sampled_from([0, 1, 1, 40, 70, 400]), step_s=st.sampled_from(STEPS_S))
    @mortal
    def time_passes(self, sleep_s, step_s):
        """And somebody sets the clock."""
        self.queue.clock.step_wall(step_s)
        self.queue.sleep(sleep_s)

    @rule(changes=settings_changed)
    def reconfigure(self, changes):
        """The dispatcher may die of it, or the disk refuse: then the admin tries again."""
        queue = self.queue
        queue.disk.left, queue.disk.full = None, ""
        queue.disk.work_again()
        self.ceiling = max(self.ceiling, queue.cores_taken, changes.get("cpus", 0))
        queue.reconfigure(**changes)
