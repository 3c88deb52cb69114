"""Too much of everything, from one user of a real queue: the others are served meanwhile."""

from __future__ import annotations

import os

from tests.security.people import Realm

CONFIG = "connection_idle_s: 1.5\nmax_connections_per_user: 16\nmax_jobs_per_user: 20\n"


def memory_mib(realm: Realm) -> int:
    """What the dispatcher takes now."""
    with open(f"/proc/{realm.site.dispatcher_pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") >> 20


GIGABYTE = """
line = dial()
line.send((2**30).to_bytes(4, "big"))
sent = 0
try:
    while sent < 2**30:
        sent += line.send(b"x" * 65536)
except OSError:
    pass
print(sent)
"""


def test_a_message_of_a_gigabyte_is_refused_by_its_first_bytes(realm):
    before = memory_mib(realm)
    sent = int(realm.attack(GIGABYTE))
    assert sent < 4 << 20
    assert memory_mib(realm) < before + 8
    assert realm.serves_the_victim()
    realm.until_logged(f"Nonsense uid={realm.attacker.person.uid}")


HALVES = """
lines = [dial() for _ in range(10)]
half = pack("submit", script="x" * 4000000)[:3000000]
for line in lines:
    line.settimeout(0.2)
    try:
        line.sendall(half)
    except OSError:
        pass
print("held", flush=True)
for line in lines:
    line.settimeout(20)
    try:
        line.recv(1)
    except ConnectionResetError:
        pass
print("closed")
"""


def test_half_a_message_held_open_is_not_waited_for(realm):
    process = realm.begin_attack(HALVES)
    assert process.stdout.readline() == "held\n"
    assert realm.serves_the_victim()
    out, err = process.communicate(timeout=30)
    assert (out, err) == ("closed\n", "")
    realm.until_logged(f'HungUp uid={realm.attacker.person.uid} why="silent')


SILENT = """
lines = [dial() for _ in range(16)]
print("held", flush=True)
print(sum(line.recv(1) == b"" for line in lines))
"""


def test_connections_that_say_nothing_are_hung_up_on(realm):
    process = realm.begin_attack(SILENT)
    assert process.stdout.readline() == "held\n"
    assert realm.serves_the_victim()
    assert process.communicate(timeout=30)[0] == "16\n"


TOO_MANY = """
kept, refused = [], 0
for _ in range(10000):
    line = dial()
    kept.append(line)
    if len(kept) > 400:
        old = kept.pop(0)
        old.settimeout(0)
        try:
            refused += b"max_connections_per_user is 16" in old.recv(4096)
        except OSError:
            pass
        old.close()
print(refused)
"""


def test_ten_thousand_connection_attempts_keep_nobody_out(realm):
    process = realm.begin_attack(TOO_MANY)
    while process.poll() is None:
        assert realm.serves_the_victim()
    assert int(process.communicate()[0]) > 100  # read the refusal before they went
    realm.until_logged(f"ConnectionRefused uid={realm.attacker.person.uid}")


def test_a_refused_connection_is_told_the_limit(realm):
    hold = "lines = [dial() for _ in range(16)]\nprint('held', flush=True)\nsys.stdin.read()"
    process = realm.begin_attack(hold, stdin=-1)
    assert process.stdout.readline() == "held\n"
    done = realm.attacker.run("tsqueue")
    assert done.code == 75
    assert "max_connections_per_user is 16" in done.err
    process.communicate("")


DRIP = """
line = dial()
for byte in pack("queue"):
    line.send(bytes([byte]))
print(len(line.recv(100)) > 20)
slow, said = dial(), pack("queue", more="x" * 99)
try:
    for byte in said:
        slow.send(bytes([byte]))
        time.sleep(0.05)
    print("heard")
except OSError:
    print("cut off")
"""


def test_a_message_of_single_bytes_is_heard_if_it_comes_soon(realm):
    process = realm.begin_attack(DRIP)
    assert realm.serves_the_victim()
    assert process.communicate(timeout=30)[0].split("\n")[:2] == ["True", "cut off"]


DEAF = """
lines = [dial() for _ in range(8)]
questions = pack("queue") * 50000
for line in lines:
    line.setblocking(False)
end, sent = time.monotonic() + 2, 0
while time.monotonic() < end:
    for line in lines:
        try:
            sent += line.send(questions[:1000000])
        except BlockingIOError:
            pass
        except OSError:
            sys.exit(print("hung up on"))
print("never read a word")
"""


def test_questions_without_end_and_answers_nobody_reads_fill_no_memory(realm):
    before = memory_mib(realm)
    process = realm.begin_attack(DEAF)
    while process.poll() is None:
        assert realm.serves_the_victim()
    assert process.communicate()[1] == ""
    assert memory_mib(realm) < before + 60


NONSENSE = """
for number in range(1000):
    line = dial()
    words = "x\\n2026-01-01T00:00:00.000+00:00 INFO Submitted job=1 user=root\\x1b[2J %d"
    line.send(pack(words % number))
    try:
        line.recv(100)
    except ConnectionResetError:
        pass  # one connection too many is hung up on without being heard
"""


def test_a_log_can_neither_be_filled_nor_forged(realm):
    realm.attack(NONSENSE)
    lines = realm.log().splitlines()
    assert all(line.isprintable() for line in lines)
    assert not any(line.startswith("2026-01-01T00:00:00.000+00:00") for line in lines)
    mine = [line for line in lines if f"Nonsense uid={realm.attacker.person.uid}" in line]
    assert 0 < len(mine) <= 110
    assert any(" muted_s=60" in line for line in mine)
    assert realm.serves_the_victim()


def test_a_user_has_only_so_many_jobs(realm):
    attacker = realm.attacker
    array = attacker.wrap("true", "--hold", "--array=0-99999")
    numbers = [attacker.wrap("true", "--hold") for _ in range(19)]
    done = attacker.run("tsbatch", "--wrap=true")
    assert done.code == 1
    assert "max_jobs_per_user is 20" in done.err
    assert realm.victim.wrap("true", "--hold") > numbers[-1]
    attacker.ok("tscancel", array, *numbers)


def test_a_submission_larger_than_a_message_is_refused(realm):
    attacker = realm.attacker
    big = attacker.file("big.sh", "#!/bin/sh\n" + "#" * (5 << 20))
    done = attacker.run("tsbatch", big)
    assert (done.code, realm.serves_the_victim()) == (1, True)
    assert "it is larger than 4194304 bytes" in done.err
