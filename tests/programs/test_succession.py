"""Of all who would be a user's agent, one is; another comes when it goes."""

import os
import signal

import pytest

from tests.fakes import FakeClock
from tinysched.errors import SpoolError
from tinysched.host.agent_start import shell_facts
from tinysched.programs import succession
from tinysched.site import Site
from tinysched.spool import outbox
from tinysched.spool.private import Private

UID = os.geteuid()


@pytest.fixture
def root(tmp_path):
    (tmp_path / "users").mkdir()
    return str(tmp_path)


@pytest.fixture
def held(root):
    """The lock of an agent that lives."""
    lock = Private.open(root, UID).lock_agent()
    yield lock
    lock.release()


class Busy(FakeClock):
    """A clock at which something happens after a while."""

    def __init__(self, at_s, event):
        super().__init__()
        self.began_at = self.boottime()
        self.at_s, self.event = at_s, event

    @property
    def gone_s(self):
        return self.boottime() - self.began_at

    def sleep(self, duration_s):
        super().sleep(duration_s)
        if self.event and self.gone_s >= self.at_s:
            event, self.event = self.event, None
            event()


def test_the_first_becomes_the_agent_at_once_and_tells_its_pid(root):
    private, clock = Private.open(root, UID), FakeClock()
    lock = succession.wait_for_lock(private, clock)
    assert lock is not None
    assert private.agent_pid() == os.getpid()
    assert clock.boottime() == FakeClock().boottime()


def test_a_second_one_leaves_while_the_first_means_to_stay(root, held):
    clock = Busy(0, None)
    assert succession.wait_for_lock(Private.open(root, UID), clock) is None
    assert clock.gone_s < 1


def test_one_that_asked_for_leave_and_did_not_get_it_is_not_waited_for(root, held):
    held.hide_pid()
    clock = Busy(3, held.show_pid)
    private = Private.open(root, UID)
    assert succession.wait_for_lock(private, clock) is None
    assert clock.gone_s < 4
    assert private.agent_pid() == os.getpid()


def test_one_that_has_leave_to_go_is_waited_for_however_long_it_takes_to_go(root, held):
    held.hide_pid()
    clock = Busy(5, held.release)
    private = Private.open(root, UID)
    assert private.agent_pid() is None
    assert succession.wait_for_lock(private, clock) is not None


def test_one_that_gets_leave_while_another_waits_is_waited_for_as_well(root, held):
    def leave():
        held.hide_pid()
        clock.at_s, clock.event = 4, held.release

    clock = Busy(0.1, leave)
    assert succession.wait_for_lock(Private.open(root, UID), clock) is not None


def test_a_successor_ends_the_agent_with_term_and_at_last_with_kill(root, held):
    sent = []

    def end(pid, signum):
        assert pid == os.getpid()
        sent.append(signum)
        if signum == signal.SIGKILL:
            held.release()

    assert succession.wait_for_lock(Private.open(root, UID), FakeClock(), end) is not None
    assert sent[0] == signal.SIGTERM
    assert sent.count(signal.SIGKILL) == 1


def test_who_was_the_agent_goes_on_with_its_lock(root, held):
    private = Private.open(root, UID)
    os.set_inheritable(held.fd, True)
    lock = succession.keep_lock(private, held.fd)
    assert not os.get_inheritable(lock.fd)
    assert private.agent_pid() == os.getpid()
    assert private.lock_agent() is None


@pytest.mark.parametrize("descriptor", [0, 9999])
def test_a_descriptor_that_is_no_lock_makes_nobody_an_agent(root, held, descriptor):
    with pytest.raises(SpoolError, match=f"descriptor {descriptor} is not its lock"):
        succession.keep_lock(Private.open(root, UID), descriptor)


def test_the_lock_of_another_agent_cannot_be_gone_on_with(root, held):
    own = os.open(f"{root}/users/u{UID}/agent.lock", os.O_RDWR)
    with pytest.raises(SpoolError, match="is not its lock"):
        succession.keep_lock(Private.open(root, UID), own)
    os.close(own)


def test_an_agent_stays_what_it_is_while_no_other_program_is_installed(root, held, tmp_path):
    launcher, clock = tmp_path / "bin" / "tinysched", FakeClock()
    launcher.parent.mkdir()
    (tmp_path / "old").touch(mode=0o755)
    (tmp_path / "new").touch(mode=0o644)
    launcher.symlink_to(tmp_path / "old")
    upgrade = succession.Upgrade(Site(root, None, str(launcher.parent)), held, clock)
    for change in (lambda: None, launcher.unlink, lambda: launcher.symlink_to(tmp_path / "new")):
        change()
        clock.sleep(succession.UPGRADE_EVERY_S + 1)
        assert upgrade.next_s() == 0
        upgrade.look()  # would not come back
        assert upgrade.next_s() == succession.UPGRADE_EVERY_S
    upgrade.look_soon()
    assert upgrade.next_s() == 0


def test_who_has_got_the_pid_of_a_dead_agent_is_not_signalled():
    child = os.fork()
    if child == 0:
        signal.pause()
        os._exit(0)
    try:
        succession.end_agent(child, signal.SIGKILL)
        assert os.waitpid(child, os.WNOHANG) == (0, 0)
    finally:
        os.kill(child, signal.SIGKILL)  # noqa: TID251 -- a child of this test
        os.waitpid(child, 0)


def test_what_an_agent_says_of_its_shell_is_found_by_commands(root):
    facts = shell_facts(b"Limit\nMax open files            1                    2      files\n")
    assert outbox.agent_shell(root, UID) is None
    Private.open(root, UID).save_shell(facts)
    assert outbox.agent_shell(root, UID) == facts


def test_the_facts_of_a_shell_leave_soft_limits_out():
    line = b"%-26s%-21s%-21s%-10s"
    one, other, third = (
        shell_facts(b"\n".join([b"Limit", line % (b"Max open files", soft, hard, b"files")]))
        for soft, hard in ((b"10", b"20"), (b"15", b"20"), (b"10", b"30"))
    )
    assert one == other != third
