"""What can be put, taken, replaced or locked on the disk: by colleagues, outsiders, the admin."""

from __future__ import annotations

import os
import shutil
import stat

import pytest

from tests.e2e.people import Person
from tests.e2e.user import User
from tests.security.people import Realm
from tests.wait import until

VICTIM_UID = 77_000_001  # of somebody who has not been here yet


def squatters(realm: Realm, uid: int) -> list[str]:
    return [path.name for path in (realm.root / "users").iterdir() if path.name == f"u{uid}"]


def plant(kind: str, place: str, owner: int) -> None:
    """One of the things that can lie in a directory; it comes as a whole, its owner's."""
    path = f"{os.path.dirname(place)}/.to-be-{os.path.basename(place)}"
    match kind:
        case "directory":
            os.mkdir(path)
        case "file":
            os.close(os.open(path, os.O_CREAT))
        case "symlink":
            os.symlink("/etc", path)
        case "FIFO":
            os.mkfifo(path)
        case "socket":
            os.mknod(path, stat.S_IFSOCK | 0o666)
        case "device":
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    os.chown(path, owner, -1, follow_symlinks=False)
    os.rename(path, place)


KINDS = ("directory", "file", "symlink", "FIFO", "socket", "device")


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_squats_in_a_users_place_is_moved_away(realm, kind):
    uid = VICTIM_UID + KINDS.index(kind)
    attacker = realm.attacker.person.uid
    plant(kind, f"{realm.root}/users/u{uid}", attacker)
    realm.until_logged(f"users/u{uid} of uid {attacker} out of the way")
    late = User(realm.site, Person(uid, realm.site.admin.person.gid), f"late{kind}")
    assert late.wrap("true", "--hold")
    late.ok("tscancel", "--me")
    assert realm.own_of(late).stat().st_uid == uid


def test_a_place_full_of_squatters_holds_nobody_up(realm):
    make = "for n in range(4000): os.mkdir(f'{ROOT}/users/u{88000000 + n}')"
    realm.attack(make)
    assert realm.serves_the_victim()
    assert realm.victim.wrap("true")
    realm.site.until(
        lambda: not list((realm.root / "users").glob("u88*")), "all of them are moved away"
    )
    for path in (realm.root / "users").glob("squatted.*"):
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


@pytest.mark.parametrize(
    "code",
    [
        "os.rename(f'{ROOT}/users/u{UID}', f'{ROOT}/users/x')",
        "os.rmdir(f'{ROOT}/users/u{UID}')",
        "os.listdir(f'{ROOT}/users/u{UID}')",
        "os.open(f'{ROOT}/users/u{UID}/agent.lock', os.O_RDONLY)",
        "os.mkdir('mine'); os.rename('mine', f'{ROOT}/users/u{UID}/runs')",
        "os.symlink('/etc', f'{ROOT}/users/u{UID}/requests/x')",
        "socket.socket(socket.AF_UNIX).connect(f'{ROOT}/users/u{UID}/runs/{RUN}/ctl.sock')",
    ],
    ids=["rename", "remove", "list", "open", "replace", "link", "connect"],
)
def test_another_users_directory_is_closed(realm, code):
    victim = realm.victim
    number = victim.wrap("sleep 60")
    realm.site.until_state(number, "RUNNING")
    code = f"UID = {victim.person.uid}; RUN = '{number}.1'\n{code}"
    assert realm.is_denied(code)
    victim.ok("tscancel", number)


@pytest.mark.parametrize(
    "code",
    [
        "os.mkdir(ROOT + '/x')",
        "os.unlink(ROOT + '/run/ctl.sock')",
        "os.symlink('/', ROOT + '/run/x')",
        "socket.socket(socket.AF_UNIX).bind(ROOT + '/run/other.sock')",
        "os.mkfifo(ROOT + '/queue/pending/job_999.meta')",
        "os.link(ROOT + '/config.yaml', ROOT + '/queue/pending/job_998.meta')",
        "open(ROOT + '/config.yaml', 'a')",
        "open(ROOT + '/state/last_job_id', 'r+')",
        "open(ROOT + '/state/ended.log', 'a')",
        "open(ROOT + '/logs/dispatcher.log', 'a')",
        "os.listdir(ROOT + '/tmp')",
    ],
    ids=range(11),
)
def test_nothing_else_below_the_root_can_be_written(realm, code):
    assert realm.is_denied(code)


def test_an_outsider_is_kept_out(realm):
    outsider = realm.outsider
    done = outsider.run("tsqueue")
    assert done.code == 1
    assert "permission denied" in done.err
    assert outsider.run("tsbatch", "--wrap=true").code != 0
    assert outsider.run("tscancel", "1").code == 1
    assert realm.is_denied("dial()", user=outsider)
    assert realm.is_denied("os.listdir(ROOT)", user=outsider)


LOCKS = """
import fcntl
taken = []
for folder, _, names in os.walk(ROOT):
    for path in [folder, *(folder + "/" + name for name in names)]:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            taken.append(descriptor)
        except OSError:
            continue
print(len(taken), flush=True)
sys.stdin.read()
"""


def test_locks_on_all_that_can_be_read_stop_nothing(realm):
    process = realm.begin_attack(LOCKS, stdin=-1)
    assert int(process.stdout.readline()) > 5
    realm.site.completes(realm.victim.wrap("true"))
    realm.site.kill_dispatcher()
    realm.site.start()
    realm.site.completes(realm.victim.wrap("true"))
    process.communicate("")
    for name in ("lock/global.lock", "lock"):
        assert realm.is_denied(f"os.open(ROOT + '/{name}', os.O_RDONLY)")


def test_other_peoples_processes_take_no_signals(realm):
    victim = realm.victim
    number = victim.wrap("sleep 60")
    job = realm.site.until_state(number, "RUNNING")
    agent, dispatcher = realm.site.agent_pid(victim), realm.site.dispatcher_pid
    jobs = [pid for pid, line in realm.site.processes().items() if "sleep 60" in line]
    for pid in (agent, dispatcher, *jobs):
        assert realm.is_denied(f"os.kill({pid}, 9)")
    assert realm.site.job(number)["started_at"] == job["started_at"]
    victim.ok("tscancel", number)


def test_who_removes_their_own_directory_harms_nobody_else(realm):
    careless, victim = realm.attacker, realm.victim
    doomed = careless.wrap("sleep 60")
    realm.site.until_state(doomed, "RUNNING")
    agent = realm.site.agent_pid(careless)
    shutil.rmtree(realm.own_of(careless))
    realm.site.completes(victim.wrap("true"))
    assert realm.serves_the_victim()
    os.kill(agent, 9)
    until(lambda: not os.path.exists(f"/proc/{agent}"), "the old agent is gone")
    careless.ok("tscancel", doomed)
    realm.site.completes(careless.wrap("true"))
    realm.site.until(lambda: realm.site.job(doomed)["state"] != "RUNNING", "its end is known")
    for pid, line in realm.site.processes().items():
        if "sleep 60" in line:
            os.kill(pid, 9)


def test_the_admins_copy_of_a_script_is_not_what_runs(realm):
    victim = realm.victim
    number = victim.wrap("echo honest >out", "--hold")
    path = realm.root / "queue" / "pending" / f"job_{number}.script"
    assert path.stat().st_mode & 0o777 == 0o600
    realm.attack(
        "open(sys.argv[2], 'w').write('#!/bin/sh\\necho false >out\\n')", path,
        user=realm.site.admin,
    )  # fmt: skip
    victim.ok("tscontrol", "release", number)
    realm.site.completes(number)
    assert victim.read("out") == "honest\n"


SWAP = """
own = sys.argv[2]
os.rename(own, own + ".aside")
for name in (own, own + "/requests", own + "/requests/" + sys.argv[3]):
    os.mkdir(name, 0o755)
path = f"{own}/requests/{sys.argv[3]}/slurm_script"
open(path, "w").write("#!/bin/sh\\necho false >" + sys.argv[4])
os.chmod(path, 0o755)
"""


def test_a_directory_that_the_admin_puts_in_its_place_is_not_used(realm):
    victim = realm.victim
    number = victim.wrap("echo honest >out", "--hold")
    realm.site.until(lambda: realm.site.agent_pid(victim), "the agent runs")
    token = realm.site.record(number, "pending")["token"]
    own = realm.own_of(victim)
    realm.attack(SWAP, own, token, f"{victim.here}/out", user=realm.site.admin)
    try:
        realm.site.ask("control", "release", str(number))
        lines = realm.site.until_ended(number)
        assert lines[str(number)]["state"] == "FAILED"
        assert not (victim.here / "out").exists()
    finally:
        if own.exists():
            shutil.rmtree(own)
        own.with_name(own.name + ".aside").rename(own)
    realm.site.completes(realm.victim.wrap("true"))


def test_a_root_whose_dispatcher_is_somebody_elses_is_not_trusted(realm):
    attacker, victim = realm.attacker, realm.victim
    false_root = attacker.here / "root"
    code = "os.makedirs(sys.argv[2]); os.symlink(ROOT + '/run/ctl.sock', sys.argv[2] + '/ctl.sock')"
    realm.attack(code, false_root / "run")
    done = victim.run("tsqueue", env={"TJS_ROOT": str(false_root)})
    assert done.code == 1
    assert "cannot trust the dispatcher" in done.err
    assert victim.ok("tsqueue").startswith("JOBID")
