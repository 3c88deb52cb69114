"""The replayer itself: what it reads, what it takes for the same, and its list of exceptions."""

from __future__ import annotations

import pytest

from tests.slurm.differing import CHANCE, DIFFERING, tolerant
from tests.slurm.judging import Happened, Verdict, judge
from tests.slurm.normalising import Account, Normaliser
from tests.slurm.recorded import Case, Step, cases

CASE = Case(
    name="x",
    area="x",
    steps=[Step(run="true", exit=0, out="JOBID  ST\n  <ID1> R\n", err="")],
    outputs={"out": "hi\n"},
)


def normaliser(**more: object) -> Normaliser:
    accounts = [Account(name="alice", uid=21001, gid=21001)]
    return Normaliser(place="/tmp/tc-1", host="box", accounts=accounts, **more)


def test_every_case_has_a_name_of_its_own():
    names = [case.name for case in cases()]
    assert len(set(names)) == len(names) > 300


def test_every_case_that_may_differ_exists_and_has_a_reason():
    assert {*DIFFERING, *CHANCE} <= {case.name for case in cases()}
    assert not {*DIFFERING} & {*CHANCE}
    reasons = [*DIFFERING.values(), *(chance.why for chance in CHANCE.values())]
    assert all(len(reason) > 20 for reason in reasons)


def test_what_is_chance_is_left_out_of_both():
    (case,) = (tolerant(case) for case in cases() if case.name == "scancel-default-signals")
    assert "Terminated" not in case.outputs["o.txt"]
    text = "ready\nTerminated\ngot TERM\n"
    assert normaliser(own=case.norm).text(text) == "ready\ngot TERM\n"
    (case,) = (tolerant(case) for case in cases() if case.name == "quiet")
    assert case.ignore == ["slurm-*.out"]


@pytest.mark.parametrize(
    ("here", "exit_code", "out", "verdict"),
    [
        ("JOBID  ST\n  <ID1> R\n", 0, "hi\n", Verdict.SAME),
        ("JOBID ST\n<ID1>   R\n\n", 0, "hi\n", Verdict.SPACED),
        ("JOBID  ST\n  <ID1> PD\n", 0, "hi\n", Verdict.DIFFERENT),
        ("JOBID  ST\n  <ID1> R\n", 1, "hi\n", Verdict.DIFFERENT),
        ("JOBID  ST\n  <ID1> R\n", None, "hi\n", Verdict.DIFFERENT),
        ("JOBID  ST\n  <ID1> R\n", 0, "ho\n", Verdict.DIFFERENT),
    ],
)
def test_only_white_space_may_differ(here: str, exit_code: int | None, out: str, verdict: Verdict):
    found = judge(CASE, [Happened(exit=exit_code, out=here, err="")], {"out": out})
    assert found.verdict is verdict
    assert bool(found.differences) == (verdict is not Verdict.SAME)


@pytest.mark.parametrize("outputs", [{}, {"out": "hi\n", "more": ""}, {"out": "<REMOVED>"}])
def test_all_files_must_be_there_and_no_others(outputs: dict[str, str]):
    same = [Happened(exit=0, out=CASE.steps[0].out, err="")]
    assert judge(CASE, same, outputs).verdict is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("/tmp/tc-1/out", "<DIR>/out"),
        ("at 2027-01-02T03:04:05, not 2031-01-02T03:04:05", "at {}, not 2031-01-02T03:04:05"),
        ("took 00:00:07, not 00:01:07", "took 00:00:SS, not 00:01:07"),
        ("a   0:07     1 box", "a   0:SS     1 <HOST>"),
        ("uid=21001(alice) x21001x 1210011", "uid=<UID:alice>(alice) x<UID:alice>x 1210011"),
        ("slurmstepd-box: error", "slurmstepd: error"),
        ("Priority=4294901759 4294901759 Priority=0", "Priority=<PRIORITY> <PRIORITY> Priority=0"),
        ("/a/b/job1/slurm_script: line 3", "<SPOOL>/slurm_script: line 3"),
    ],
)
def test_what_changes_from_run_to_run_becomes_a_token(text: str, tokens: str):
    assert normaliser().text(text) == tokens.format("YYYY-MM-DDTHH:MM:SS")


def test_ids_are_numbered_as_they_appear_and_those_of_tasks_lie_above():
    normal = normaliser()
    normal.learn_told("Submitted batch job 40007\n")
    normal.learn_kept('declare -- J2="40009"\ndeclare -- V="40012"\n')
    assert normal.text("40009 40007 40008 40069 40070 39999 8") == (
        "<ID2> <ID1> <ID3> <ID4> 40070 39999 8"
    )


def test_columns_stay_where_they_are():
    normal = normaliser()
    normal.learn_told("Submitted batch job 400071\n")
    assert normal.text("x     400071 R") == "x      <ID1> R"
    assert normal.text("400071     R") == "<ID1>      R"
    assert normal.text("box      R 400071") == "<HOST>   R <ID1>"


def test_a_case_may_have_replacements_of_its_own():
    normal = normaliser(own=[("^load=.*", "load=<X>")])
    assert normal.text("a\nload=7\n") == "a\nload=<X>\n"
    assert normal.text("load=7", own=False) == "load=7"
