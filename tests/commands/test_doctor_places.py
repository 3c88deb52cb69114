"""What the doctor says of owners, groups, modes and access lists, and of who can write programs."""

from __future__ import annotations

import pytest

from tinysched.commands.doctor import places, programs
from tinysched.commands.doctor.verdict import Grade
from tinysched.host.access import AccessList, Spot
from tinysched.spool.places import place_of
from tinysched.spool.survey import ROOT, Found, Survey

ADMIN, BOB, EVE, LAB, OTHERS = 1001, 1002, 1003, 500, 501
BOOKS = places.Books(
    root="/q",
    admin_uid=ADMIN,
    gid=LAB,
    user_name={ADMIN: "alice", BOB: "bob", EVE: "eve", 0: "root"}.__getitem__,
    group_name={LAB: "lab", OTHERS: "others"}.__getitem__,
)


def found(path: str, mode: int, uid: int = ADMIN, gid: int = LAB, link: bool = False) -> Found:
    return Found(
        path=path,
        place=place_of(path) if path else ROOT,
        owner_uid=BOB if path.startswith(f"users/u{BOB}/") else None,
        mode=mode,
        uid=uid,
        gid=gid,
        is_link=link,
        is_folder=path.endswith("/") or not path,
    )


def judged(*those: Found, missing: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    seen = Survey(found=those, closed=(), missing=missing)
    verdicts = places.judge(seen, [], BOOKS)
    return [(v.grade.value, v.words, v.cure) for v in verdicts if v.grade is not Grade.OK]


@pytest.mark.parametrize(
    "good",
    [
        found("", 0o2750),
        found("queue/pending/", 0o2750),
        found("queue/pending/job_42.meta", 0o640),
        found("queue/pending/job_42.meta", 0o600),
        found("queue/quarantine/job_42.meta.1", 0o640),
        found("run/ctl.sock", 0o660),
        found("users/", 0o3770),
        found(f"users/u{BOB}/", 0o700, uid=BOB, gid=OTHERS),
        found(f"users/u{BOB}/requests/ab12/", 0o700, uid=BOB, gid=OTHERS),
        found(f"users/u{BOB}/requests/ab12/slurm_script", 0o700, uid=BOB),
        found("users/squatted.u1002.77/", 0o777, uid=EVE),
        found("lock/", 0o700, gid=OTHERS),
    ],
    ids=lambda good: good.path or "root",
)
def test_what_is_as_the_table_says_is_good(good: Found):
    assert judged(good) == []


@pytest.mark.parametrize(
    ("bad", "grade", "words", "cure"),
    [
        (found("", 0o2777), "FAIL", "everybody may write it", "chmod 2750 '/q'"),
        (found("queue/pending/", 0o2770), "FAIL", "the group may write it", "chmod 2750"),
        (found("queue/", 0o2755), "FAIL", "everybody may look into it", "chmod 2750"),
        (found("queue/pending/", 0o2700), "WARN", "the group cannot look", "chmod 2750"),
        (found("queue/pending/", 0o750), "WARN", "has mode 0750, not 2750", "chmod 2750"),
        (found("users/", 0o2770), "FAIL", "has mode 2770, not 3770", "chmod 3770"),
        (found("run/ctl.sock", 0o600), "FAIL", "has mode 0600, not 0660", "chmod 0660"),
        (found("logs/dispatcher.log", 0o660), "FAIL", "the group may write it", "chmod 0640"),
        (found("queue/pending/job_1.script", 0o640), "FAIL", "the group may look", "chmod 0600"),
        (found("queue/", 0o2750, uid=EVE), "FAIL", "belongs to eve, not to alice", "chown alice"),
        (
            found(f"users/u{BOB}/requests/", 0o700, uid=EVE),
            "FAIL",
            "belongs to eve, not to bob",
            "chown bob",
        ),
        (found("queue/", 0o2750, gid=OTHERS), "FAIL", "of group others, not lab", "chgrp lab"),
        (found("queue/pending/job_1.meta", 0o777, link=True), "FAIL", "symbolic link", "remove"),
        (found("queue/strange", 0o600), "WARN", "nothing of the queue's: /q/queue/strange", "rem"),
        (found("users/mine/", 0o700, uid=EVE), "WARN", "nothing of the queue's", "remove"),
        (found("strange", 0o666), "FAIL", "everybody may write it", "chmod 0644"),
    ],
)
def test_what_is_not_is_told_with_a_cure(bad: Found, grade: str, words: str, cure: str):
    first = judged(bad)[0]
    assert first[0] == grade
    assert words in first[1]
    assert cure in first[2]


def test_a_directory_that_is_missing_is_told():
    assert judged(missing=("tmp/",)) == [
        ("FAIL", "/q/tmp/ is not there", "'tsdaemon restart' makes it")
    ]


def test_of_many_alike_the_first_ten_are_told():
    many = [found(f"queue/pending/job_{n}.script", 0o644) for n in range(1, 31)]
    told = judged(*many)
    assert len(told) == 11
    assert told[-1][:2] == ("FAIL", "and 20 more like these")


def lists(*those: AccessList) -> list[tuple[str, str]]:
    verdicts = places.judge(Survey(found=(), closed=(), missing=()), those, BOOKS)
    return [(v.grade.value, v.words) for v in verdicts if v.what == places.LISTS]


def test_an_access_list_may_let_somebody_look_but_not_write():
    read = AccessList(path="/q/a", entries=("user eve: r--",), writers=(), is_default=False)
    assert lists(read) == [("OK", "1 places let in more: user eve: r--")]
    write = AccessList(
        path="/q/a", entries=("user eve: rw-",), writers=("user eve: rw-",), is_default=False
    )
    assert lists(write) == [("FAIL", "/q/a can be written by user eve: rw-")]
    default = AccessList(path="/q/a", entries=(), writers=(), is_default=True)
    assert [grade for grade, _ in lists(default)] == ["WARN"]


def spot(path: str, uid: int = 0, writers: str = "", sticky: bool = False) -> Spot:
    return Spot(path=path, uid=uid, mode=0o755, writers=writers, is_sticky=sticky)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (spot("/shared", uid=EVE), "belongs to eve"),
        (spot("/shared", writers="everybody"), "can be written by everybody"),
        (spot("/shared/bin", writers="group lab", sticky=True), "can be written by group lab"),
    ],
)
def test_whoever_could_replace_a_program_is_named(bad: Spot, words: str):
    seen = programs.Programs(
        above=[bad, spot("/")], below=[], trusted={0, ADMIN}, tops={"/shared/bin"}, secured=None
    )
    (verdict,) = programs.judge(seen, BOOKS.user_name)
    assert verdict.grade is Grade.FAIL
    assert words in verdict.words
    assert verdict.cure


def test_a_sticky_parent_such_as_tmp_is_safe():
    seen = programs.Programs(
        above=[spot("/tmp/bin", uid=ADMIN), spot("/tmp", writers="everybody", sticky=True)],
        below=[],
        trusted={0, ADMIN},
        tops={"/tmp/bin"},
        secured=None,
    )
    (verdict,) = programs.judge(seen, BOOKS.user_name)
    assert verdict.grade is Grade.OK


@pytest.mark.parametrize(
    ("mode", "admin", "listed", "grade"),
    [
        (0o750, "", False, "OK"),
        (0o750, "alice", True, "OK"),
        (0o750, "alice", False, "WARN"),
        (0o755, "", False, "FAIL"),
    ],
)
def test_what_secure_acl_did_is_still_so(mode: int, admin: str, listed: bool, grade: str):
    inside = Spot(path="/lib/ts/x", uid=0, mode=mode, writers="", is_sticky=False)
    seen = programs.Programs(
        above=[],
        below=[inside],
        trusted={0},
        tops=(),
        secured=programs.Secured(prefix="/lib/ts", admin=admin, lists_admin=listed),
    )
    assert programs.judge(seen, BOOKS.user_name)[-1].grade.value == grade
