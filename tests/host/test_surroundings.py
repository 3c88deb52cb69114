from __future__ import annotations

import os
from pathlib import Path

from tinysched.host import surroundings

MOUNTS = surroundings.read_mounts(
    "/dev/vda / ext4 rw,relatime 0 0\n"
    "proc /proc proc rw,hidepid=2,gid=4 0 0\n"
    "srv:/x /home/with\\040space nfs4 rw,vers=4.2 0 0\n"
    "tmpfs /home tmpfs rw 0 0\n"
    "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"
    "torn line\n"
)


def test_mounts_are_read_with_their_options_and_spaces():
    assert [mount.kind for mount in MOUNTS] == ["ext4", "proc", "nfs4", "tmpfs", "cgroup2"]
    assert MOUNTS[2].place == "/home/with space"
    assert MOUNTS[1].options == ("rw", "hidepid=2", "gid=4")


def test_the_nearest_mount_above_a_path_holds_it():
    def kind(path: str) -> str:
        found = surroundings.mount_of(path, MOUNTS)
        return found.kind if found else ""

    assert kind("/nowhere/x") == "ext4"
    assert kind("/home/bob") == "tmpfs"
    assert kind("/home/with space/x") == "nfs4"
    assert kind("/homes") == "ext4"
    assert surroundings.mount_of("/x", []) is None


def test_a_later_mount_on_the_same_place_counts():
    twice = [*MOUNTS, surroundings.Mount(place="/home", kind="xfs", options=())]
    found = surroundings.mount_of("/home/bob", twice)
    assert found is not None
    assert found.kind == "xfs"


def test_hidepid_is_seen_and_its_absence_too():
    assert surroundings.hidden_processes(MOUNTS) == "hidepid=2"
    plain = surroundings.read_mounts("proc /proc proc rw,hidepid=0 0 0\n")
    assert surroundings.hidden_processes(plain) == ""
    assert surroundings.hidden_processes([]) == ""


def test_room_is_told_where_it_may_be_known(tmp_path: Path):
    found = surroundings.room(str(tmp_path))
    assert found is not None
    assert found.free_bytes <= os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize
    assert surroundings.room(f"{tmp_path}/none") is None


def test_this_host_has_a_mount_for_its_root():
    assert surroundings.mount_of("/", surroundings.mounts()) is not None
