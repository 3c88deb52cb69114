"""Users, groups, and the machine's own figures."""

import os
import pwd

import pytest

from tinysched.host import condition, cores, identity, login

UNKNOWN = 4_000_000_123


def test_a_user_is_found_by_name_and_by_number():
    me = pwd.getpwuid(os.getuid())
    assert identity.user_name(me.pw_uid) == me.pw_name
    assert identity.uid_of(me.pw_name) == me.pw_uid
    assert identity.uid_of(str(me.pw_uid)) == me.pw_uid
    assert identity.home(me.pw_uid) == me.pw_dir
    assert identity.primary_gid(me.pw_uid) == me.pw_gid
    assert me.pw_gid in identity.groups_of(me.pw_uid)


def test_a_user_who_has_left_goes_by_the_number():
    assert identity.user_name(UNKNOWN) == str(UNKNOWN)
    assert identity.group_name(UNKNOWN) == str(UNKNOWN)
    assert identity.home(UNKNOWN) == "/"
    assert identity.shell(UNKNOWN) == "/bin/sh"
    assert identity.primary_gid(UNKNOWN) is None
    assert identity.groups_of(UNKNOWN) == frozenset()


@pytest.mark.parametrize("name", ["no-such-name", "", "-1", "\u0661"])
def test_a_name_that_nobody_has_is_nobody(name):
    assert identity.uid_of(name) is None
    assert identity.gid_of(name) is None


def test_a_group_is_found_by_name_and_by_number():
    assert identity.gid_of(identity.group_name(os.getgid())) == os.getgid()
    assert identity.gid_of("12345678") == 12345678


@pytest.mark.process
def test_a_login_starts_afresh(monkeypatch):
    monkeypatch.setenv("OF_THE_CALLER", "must not leak")
    found = login.environment(os.getuid())
    me = pwd.getpwuid(os.getuid())
    assert found[b"HOME"] == os.fsencode(me.pw_dir)
    assert found[b"USER"] == found[b"LOGNAME"] == me.pw_name.encode()
    assert {b"PATH", b"SHELL"} <= set(found)
    assert not {b"OF_THE_CALLER", b"SHLVL", b"_"} & set(found)


@pytest.mark.process
def test_without_a_shell_a_login_has_the_bare_necessities():
    nobody = pwd.getpwnam("nobody")
    if "nologin" not in nobody.pw_shell and "false" not in nobody.pw_shell:
        pytest.skip("CI cannot run this: nobody has a login shell here")
    assert set(login.environment(nobody.pw_uid)) == {
        b"HOME",
        b"USER",
        b"LOGNAME",
        b"SHELL",
        b"PATH",
        b"MAIL",
    }


def test_the_machine_has_cores_memory_and_a_name():
    assert cores.usable_cores() == len(os.sched_getaffinity(0))
    assert condition.memory_mib() * 2**20 == pytest.approx(
        os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), rel=0.01
    )
    assert cores.hostname() == os.uname().nodename
    assert "." not in cores.short_hostname()
    assert cores.hostname().startswith(cores.short_hostname())
