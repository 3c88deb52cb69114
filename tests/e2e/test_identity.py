"""A job has user, group, umask, limits and directory of its submitter; where not, he is told."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.e2e.people import SEVERAL_USERS, Person, new_people
from tests.e2e.rig import Site
from tests.e2e.user import User

ARRAYS, TASKS, SINGLES = 5, 16, 20
EACH = ARRAYS * TASKS + SINGLES
WHO = "id -u; id -g; id -G"
RESTART = "'tsagent restart' makes an agent like this shell"


@dataclass(frozen=True)
class Member(Person):
    """Somebody with a group of their own, who is in the queue's group besides."""

    queue_gid: int

    @property
    def groups(self) -> list[int]:
        return sorted({self.gid, self.queue_gid})

    @property
    def identity(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": self.groups}


def members(site: Site, *names: str) -> list[User]:
    """More users of a queue."""
    people = [
        Member(person.uid, person.uid, site.admin.person.gid) for person in new_people(len(names))
    ]
    site.people += people
    return [User(site, person, name) for person, name in zip(people, names, strict=True)]


@pytest.fixture
def three(compiled: None) -> Iterator[list[User]]:
    """Three members of a queue with eight cores."""
    site = Site("cpus: 8\nagent_idle_s: 1\n")
    try:
        yield members(site.start(), "cat", "dan", "eve")
    finally:
        site.close()  # which waits until idle agents have gone


@pytest.fixture
def cat(own_site: Site) -> Iterator[User]:
    """A member with no agent yet."""
    (user,) = members(own_site, "cat")
    yield user
    user.run("tsagent", "stop")


def in_shell(user: User, preparation: str, *words: object, **more: object) -> tuple[str, str]:
    """What tsbatch says, and on stderr, when called from a shell after some preparation."""
    command = shlex.join(["tsbatch", "--parsable", *map(str, words)])
    done = user.run("bash", "-c", f"{preparation}; {command}", **more)
    assert done.code == 0, done
    return done.out.strip(), done.err


def output_of(user: User, number: object) -> list[str]:
    user.site.completes(number)
    return user.read(f"slurm-{number}.out").splitlines()


@SEVERAL_USERS
def test_all_of_300_mixed_jobs_of_three_users_run_as_their_submitters(three: list[User]):
    def submit(user: User) -> None:
        script = user.script(WHO)
        for number in range(SINGLES):
            user.submit(script)
            if number % (SINGLES // ARRAYS) == 0:
                user.submit(f"--array=1-{TASKS}", script)

    site = three[0].site
    with ThreadPoolExecutor(len(three)) as pool:
        for _ in pool.map(submit, three):
            pass
    site.until(lambda: not site.lines("-t", "PENDING,RUNNING"), "all have ended", 60)
    states = [line["state"] for line in site.lines("-r", "--all")]
    assert states == ["COMPLETED"] * EACH * len(three)
    for user in three:
        person = user.person
        assert isinstance(person, Member)
        expected = f"{person.uid}\n{person.gid}\n{' '.join(map(str, shown_by_id(person)))}\n"
        outputs = list(user.here.glob("slurm-*.out"))
        assert [path.read_text() for path in outputs] == [expected] * EACH
        for path in [*outputs, *user.here.glob("slurm-*.err")]:
            facts = path.stat()
            assert (facts.st_uid, facts.st_gid) == (person.uid, person.gid)
            assert facts.st_mode & 0o777 == 0o644


def shown_by_id(person: Member) -> list[int]:
    """Groups as id(1) lists them: the effective one first."""
    return [person.gid, *(gid for gid in person.groups if gid != person.gid)]


def test_umask_soft_limits_and_directory_are_those_of_the_submitting_shell(cat: User):
    cat.site.completes(cat.wrap("true"))  # the agent is there, from an ordinary shell
    prepared = "mkdir 'a b'; cd 'a b'; umask 027; ulimit -Sn 123; ulimit -v 3000000; ulimit -Sc 0"
    shows = "umask; ulimit -Sn; ulimit -Sv; ulimit -Hv; pwd; : >made"
    number, said = in_shell(cat, prepared, f"--wrap={shows}")
    assert said == ""  # lower limits of the shell are set for the job
    cat.site.completes(number)
    folder = cat.here / "a b"
    out = folder / f"slurm-{number}.out"
    assert out.read_text().splitlines() == ["0027", "123", "3000000", "3000000", str(folder)]
    for path in (out, folder / f"slurm-{number}.err", folder / "made"):
        facts = path.stat()
        assert facts.st_mode & 0o777 == 0o640
        assert (facts.st_uid, facts.st_gid) == (cat.person.uid, cat.person.gid)


def test_a_job_from_a_niced_shell_runs_at_nice_0(cat: User):
    cat.site.completes(cat.wrap("true"))
    number, said = in_shell(cat, "renice -n 10 $$ >/dev/null; nice >&2", "--wrap=nice")
    assert said == "10\n"  # of nice, and no notice
    assert output_of(cat, number) == ["0"]


@SEVERAL_USERS
def test_an_agent_that_a_niced_shell_started_cannot_go_back_and_tsbatch_says_so(cat: User):
    first, said = in_shell(cat, "ulimit -e 0; renice -n 10 $$ >/dev/null", "--wrap=nice")
    assert "tsbatch: notice: your agent starts from this shell, so your jobs run at nice 10" in said
    assert "'tsagent restart' in a shell that is not niced" in said
    assert output_of(cat, first) == ["10"]
    second, said = in_shell(cat, ":", "--wrap=nice")
    assert said == (
        f"tsbatch: notice: your jobs run as your agent does: nice 10 instead of 0; {RESTART}\n"
    )
    assert output_of(cat, second) == ["10"]
    cat.ok("tsagent", "restart")
    third, said = in_shell(cat, ":", "--wrap=nice")
    assert (said, output_of(cat, third)) == ("", ["0"])


def test_hard_limits_are_the_agents_and_tsbatch_says_so(cat: User):
    first, said = in_shell(cat, "ulimit -v 2000000; ulimit -n 500", "--wrap=ulimit -Hv")
    assert (said, output_of(cat, first)) == ("", ["2000000"])
    second, said = in_shell(cat, ":", "--wrap=ulimit -Hv; ulimit -n")
    assert "tsbatch: notice: your jobs run as your agent does: " in said
    assert "open files (ulimit -n) at most 500 instead of " in said
    assert "address space (ulimit -v) at most 2048000000 instead of unlimited" in said
    assert RESTART in said
    assert said.count("\n") == 1
    assert output_of(cat, second) == ["2000000", "500"]
    cat.ok("tsagent", "restart")
    third, said = in_shell(cat, ":", "--wrap=ulimit -Hv")
    assert (said, output_of(cat, third)) == ("", ["unlimited"])


@SEVERAL_USERS
def test_group_and_groups_are_the_agents_and_tsbatch_says_so(cat: User):
    other = new_people(1)[0].gid
    groups = [*cat.person.groups, other]  # type: ignore[attr-defined]  # cat is a Member
    newgrp = {"group": other, "extra_groups": groups}
    cat.site.completes(cat.wrap("true"))
    number, said = in_shell(cat, ":", f"--wrap={WHO}", **newgrp)
    assert f"group {cat.person.gid} instead of {other}" in said
    assert RESTART in said
    assert output_of(cat, number)[1] == str(cat.person.gid)
    foreground = cat.ok("run_job.sh", 1, "no", "id", "-g", **newgrp)
    assert foreground == f"{other}\n"  # a child of the shell itself
    cat.ok("tsagent", "restart", **newgrp)
    number, said = in_shell(cat, ":", f"--wrap={WHO}", **newgrp)
    assert said == ""
    assert output_of(cat, number)[1] == str(other)
    assert (cat.here / f"slurm-{number}.out").stat().st_gid == other


def test_a_refused_submission_gets_no_notice(cat: User):
    cat.ok("bash", "-c", "ulimit -n 100; tsagent start")
    for words, code in ((["--time=never"], 2), (["--test-only"], 0)):
        done = cat.run("tsbatch", *words, "--wrap=true")
        assert done.code == code
        assert "notice" not in done.err
    assert "notice" in cat.run("tsbatch", "--wrap=true").err
