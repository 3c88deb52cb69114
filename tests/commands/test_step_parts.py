"""The parts of a step: names of its files, its variables and programs, streams, and words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tinysched.commands.steps import chatter, programs, variables
from tinysched.commands.steps.patterns import Names
from tinysched.commands.steps.says import Voice, tasks
from tinysched.commands.steps.steps import _aside, _change_directory
from tinysched.commands.steps.streams import Input, Outputs, Relays, is_nothing
from tinysched.errors import VerbatimError
from tinysched.host.tasks import Ended
from tinysched.script.slurm import steps

PLACE = SimpleNamespace(
    id=42,
    task=None,
    raw_id=42,
    cores=4,
    step_cores=2,
    cluster="c",
    partition="p",
    cookie="t.42.1",
    is_ours=True,
    is_whole=False,
)
TASK = SimpleNamespace(id=42, task=7, raw_id=49)


def names(place: object = PLACE) -> Names:
    return Names(place, 3, "node", "two words", lambda: "bob")


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("log_%j_%t.out", "log_42_5.out"),
        ("%J %s %n %N", "42.3 3 0 node"),
        ("%A-%a", "42-4294967294"),
        ("%x %u", "two words bob"),
        ("%3t%%", "005%"),
        ("%q%", "%q%"),
        ("%99j", "0000000042"),
        (r"a\%j", "a%j"),
        ("", ""),
    ],
)
def test_names_of_files(pattern: str, path: str):
    assert names().path(pattern, 5) == path


def test_names_of_files_in_an_array():
    assert names(TASK).path("%A_%a_%t %j %J", 0) == "42_7_0 49 49.3"


def wants(*argv: str) -> steps.Wants:
    return steps.read([*argv, "true"], {})


def test_a_step_is_told_what_it_is():
    told = variables.of_step(PLACE, wants("-n2", "-c1"), 3, "node")
    assert told[b"SLURM_JOB_ID"] == b"42"
    assert told[b"SLURM_STEP_ID"] == told[b"SLURM_STEPID"] == b"3"
    assert (told[b"SLURM_NTASKS"], told[b"SLURM_GTIDS"]) == (b"2", b"0,1")
    assert (told[b"SLURM_CPUS_ON_NODE"], told[b"SLURM_JOB_CPUS_PER_NODE"]) == (b"2", b"4")
    assert (told[b"SLURM_CPUS_PER_TASK"], told[b"SLURM_DISTRIBUTION"]) == (b"1", b"cyclic")
    assert variables.of_task(1) == {b"SLURM_PROCID": b"1", b"SLURM_LOCALID": b"1"}
    kept = variables.of_step(PLACE, wants("-E"), 3, "node")
    assert b"SLURM_NTASKS" not in kept


def test_only_who_comes_from_outside_is_told_of_the_job():
    outside = SimpleNamespace(**(vars(PLACE) | {"is_ours": False}))
    told = variables.of_step(outside, wants(), 0, "node")
    assert (told[b"SLURM_JOB_NAME"], told[b"SLURM_JOB_PARTITION"]) == (b"true", b"p")
    assert b"SLURM_JOB_NUM_NODES" not in told
    whole = SimpleNamespace(**(vars(PLACE) | {"is_whole": True}))
    told = variables.of_step(whole, wants("--ntasks-per-node=1"), 0, "node")
    assert told[b"SLURM_DISTRIBUTION"] == b"block"
    assert b"SLURM_DISTRIBUTION" not in variables.of_step(whole, wants(), 0, "node")


def test_variables_that_go_on_to_the_tasks():
    mine = {b"A": b"1", b"B": b"2", b"SLURM_X": b"3", b"TJS_COOKIE": b"4"}
    assert variables.chosen(mine, None) == variables.chosen(mine, "ALL") == mine
    slurms = {b"SLURM_X": b"3", b"TJS_COOKIE": b"4"}
    assert variables.chosen(mine, "NONE") == variables.chosen(mine, "NIL") == slurms
    assert variables.chosen(mine, "A") == {b"A": b"1"} | slurms
    assert variables.chosen(mine, "C=5") == {b"C": b"5"} | slurms
    assert variables.chosen(mine, "ALL,C='x,y'") == mine | {b"C": b"'x,y'"}


def test_programs_of_tasks():
    content = "# of all\n\n0 echo zero %t %o\n2-3,1 sh %t/%o\n"
    assert programs.assigned(content, "m", 4) == [
        ["echo", "zero", "0", "0"],
        ["sh", "1/2"],
        ["sh", "2/0"],
        ["sh", "3/1"],
    ]
    assert programs.assigned("1 b\n* a %t\n", "m", 3) == [["a", "0"], ["b"], ["a", "2"]]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("0 a\n", "Configuration file m invalid, no record for task id 1"),
        ("0 a\nx b\n", "Invalid task range specification (x)"),
        ("0-1\n", "Line 1 of configuration file m invalid"),
    ],
)
def test_programs_that_do_not_fit(content: str, words: str):
    with pytest.raises(VerbatimError) as refused:
        programs.assigned(content, "m", 2)
    assert refused.value.text.startswith(f"srun: error: {words}\n")


def test_a_file_of_programs_that_is_not_there(tmp_path: Path):
    with pytest.raises(VerbatimError) as refused:
        programs.read(f"{tmp_path}/m", 1)
    assert refused.value.text.endswith(f"Could not open multi_prog config file {tmp_path}/m\n")


def test_tasks_in_few_words():
    assert (tasks([3]), tasks([2, 0, 1, 5])) == ("task 3", "tasks 0-2,5")


def ended(code: int = 0, signum: int = 0) -> Ended:
    return Ended(1, signum or code << 8, (0.0, 0.0, 0))


def test_ends_alike_are_one_line_and_good_ends_are_none(capfd: pytest.CaptureFixture[str]):
    found = [(0, ended(3)), (1, ended()), (2, ended(3)), (3, ended(signum=9))]
    Voice("42.0", "node", quiet=True).ends(found)
    assert capfd.readouterr().err == (
        "srun: error: node: tasks 0,2: Exited with exit code 3\nsrun: error: node: task 3: Killed\n"
    )


def test_a_raw_terminal_gets_its_line_ends(capfd: pytest.CaptureFixture[str]):
    Voice("42.0", "node", quiet=False, is_raw=True).states([1, 2], [0])
    assert capfd.readouterr().err == (
        "srun: StepId=42.0 tasks 1-2: running\r\nsrun: StepId=42.0 task 0: exited\r\n"
    )


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    path = tmp_path / "sink"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    yield fd, path
    os.close(fd)


def test_lines_get_their_tasks_number_and_halves_wait(sink: tuple[int, Path]):
    fd, path = sink
    relays = Relays(11, labelled=True)
    writer = relays.pipe(3, fd)
    os.write(writer, b"one\ntw")
    relays.flush()
    assert path.read_bytes() == b" 3: one\n"
    os.write(writer, b"o")
    os.close(writer)
    relays.finish()
    assert path.read_bytes() == b" 3: one\n 3: two\n"


def test_without_labels_all_goes_on_at_once(sink: tuple[int, Path]):
    fd, path = sink
    relays = Relays(1, labelled=False)
    writer = relays.pipe(0, fd)
    os.write(writer, b"password: ")
    relays.flush()
    assert path.read_bytes() == b"password: "
    relays.finish()  # somebody may hold the other end for ever
    os.close(writer)


def test_input_goes_to_each_task_and_who_ends_is_left_out(monkeypatch: pytest.MonkeyPatch):
    source, ours = os.pipe()
    kept = os.dup(0)
    os.dup2(source, 0)
    try:
        feed = Input()
        readers = [feed.pipe(), feed.pipe()]
        os.close(readers.pop())
        os.write(ours, b"x\n")
        feed.take()
        assert os.read(readers[0], 9) == b"x\n"
        os.close(ours)
        feed.take()
        assert (feed.is_over, feed.writers, os.read(readers[0], 9)) == (True, [], b"")
    finally:
        os.dup2(kept, 0)
        for fd in (kept, source, *readers):
            os.close(fd)


def outputs(**given: str) -> tuple[Outputs, list[tuple[int, int]]]:
    found = Outputs(given.get, names().path, append="mode" in given, ranks=2)
    return found, [found.of(rank) for rank in range(2)]


def test_where_outputs_go(tmp_path: Path):
    assert outputs()[1] == outputs(output="all")[1] == [(1, 2), (1, 2)]
    opened, [own, other] = outputs(output="0")
    assert own == (1, 1)
    assert other[0] == other[1] > 2
    opened.close()
    opened, [first, second] = outputs(output=f"{tmp_path}/o.%t", error=f"{tmp_path}/e")
    assert first[0] != second[0]
    assert first[1] == second[1]
    opened.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e", "o.0", "o.1"]


def test_a_file_is_emptied_unless_it_is_to_grow(tmp_path: Path):
    path = tmp_path / "o"
    path.write_text("old")
    outputs(output=str(path), mode="a")[0].close()
    assert path.read_text() == "old"
    outputs(output=str(path))[0].close()
    assert path.read_text() == ""


def test_a_file_that_cannot_be_made(tmp_path: Path):
    with pytest.raises(VerbatimError) as refused:
        outputs(error=f"{tmp_path}/no/e")
    words = "Could not open stderr file: No such file or directory"
    assert refused.value.text == f"srun: error: {words}\n"


def test_all_may_read_from_what_holds_nothing():
    with open("/dev/null") as nothing, open(__file__) as something:
        assert is_nothing(nothing.fileno())
        assert not is_nothing(something.fileno())


def test_what_is_run_beside_the_tasks(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    script = tmp_path / "prolog"
    script.write_text("#!/bin/sh\necho here\n")
    script.chmod(0o755)
    _aside(str(script))
    _aside("none")
    _aside(None)
    _aside(f"{tmp_path}/no")
    missing = f"srun: Access denied for {tmp_path}/no: No such file or directory\n"
    assert capfd.readouterr() == ("here\n", missing)


def test_a_directory_that_is_not_there_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    _change_directory(None)
    assert Path.cwd() == tmp_path
    _change_directory("no")
    assert Path.cwd() == Path("/tmp")
    words = f"couldn't chdir to `{tmp_path}/no': No such file or directory: going to /tmp instead"
    assert capfd.readouterr().err == f"slurmstepd: error: {words}\n" * 2


def test_who_asks_is_told_what_was_asked_for():
    assert chatter.options(wants("-v", "-v", "-n2", "-l").given)[2:-2] == [
        "label               : set",
        "ntasks              : 2",
        "verbose             : 2",
    ]
    assert chatter.launch(PLACE, 3, 2, "node") == [
        "jobid 42: nodes(1):`node', cpu counts: 4(x1)",
        "launching StepId=42.3 on host node, 2 tasks: 0-1",
    ]
