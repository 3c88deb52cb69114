"""A mark stays, whatever a process does to get rid of it."""

import os
import resource

import pytest

from tests import wait
from tests.host.running import ended
from tests.host.test_tree import below
from tinysched.host import marks, processes, tree

pytestmark = pytest.mark.process


def in_a_child(work) -> None:
    assert ended(processes.fork_worker(lambda: int(not work()))).code == 0


def test_who_was_not_marked_carries_no_mark():
    assert marks.carried_by(os.getpid()) == 0
    assert marks.carried_by(2**22 + 1) == 0


def test_a_mark_is_put_on_and_cannot_be_raised():
    mark = marks.new()

    def work() -> bool:
        marks.put_on(mark)
        assert marks.carried_by(os.getpid()) == mark
        os.setuid(65534) if os.geteuid() == 0 else None
        marks.put_on(mark + 1)
        return marks.carried_by(os.getpid()) == mark

    in_a_child(work)
    assert marks.carried_by(os.getpid()) == 0


def test_no_two_marks_are_the_same():
    assert len({marks.new() for _ in range(1000)}) == 1000


def test_who_is_marked_marks_others_lower_and_at_last_not_at_all():
    def work() -> bool:
        hard = marks.new()
        for _ in range(100):
            marks.put_on(hard)
            new = marks.new()
            if new == 0:
                return hard < 2**40
            assert new < hard
            hard = new
        return False

    in_a_child(work)


def test_no_mark_changes_nothing():
    def work() -> bool:
        before = resource.getrlimit(marks.RLIMIT_LOCKS)
        marks.put_on(0)
        return resource.getrlimit(marks.RLIMIT_LOCKS) == before

    in_a_child(work)


WASHED = """
(exec env -i setsid /bin/bash -c '
    for n in {0..255}; do eval "exec $n>&-"; done; cd /; (exec -a other sleep 300) & exit') &
wait
"""


def test_a_mark_outlasts_environment_session_parents_descriptors_directory_and_name(tmp_path):
    mark = marks.new()

    def check(_pid: int) -> None:
        def washed() -> list[int]:
            found = [pid for pid in tree.pids() if marks.carried_by(pid) == mark]
            return [pid for pid in found if processes.command_line(pid)[:1] == ["other"]]

        wait.until(lambda: len(washed()) == 1, says="the washed one is found")

    below(WASHED, tmp_path, check, mark=mark)
    assert not [pid for pid in tree.pids() if marks.carried_by(pid) == mark]
