from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.report.made import DONE, HERE, RUNS, array, plain, queue, task
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot
from tinysched.report.tsout import OutFile, files, pack, render, unpack


def listed(snapshot: Snapshot, *selectors: Selector) -> list[tuple[str, str, str, bool]]:
    return [
        (file.job, file.kind, file.path, file.growing) for file in files(selectors, snapshot, HERE)
    ]


def test_a_waiting_job_shows_where_its_output_will_be():
    snapshot = queue(plain(42, output="pi_%j_%x_%N.out"))
    assert listed(snapshot, Selector(number=42)) == [
        ("42", "OUT", "/home/alice/pi_42_testpi_quant1.out", True),
        ("42", "ERR", "/home/alice/slurm-42.err", True),
    ]


def test_a_running_job_shows_what_its_worker_opened():
    assert listed(queue(plain(42, RUNS, output="x.out")), Selector(number=42)) == [
        ("42", "OUT", "/home/alice/own.out", True),
        ("42", "ERR", "/home/alice/own.err", True),
    ]


def test_a_job_that_ended_without_a_start_shows_where_its_output_would_have_been():
    (out, _) = listed(queue(plain(42, DONE, output="/data/x.out")), Selector(number=42))
    assert out == ("42", "OUT", "/data/x.out", False)


def test_tasks_that_have_not_started_keep_the_letter_of_their_unknown_id():
    job = array(tasks=Ranges.span(1, 3), todo=Ranges.span(2, 3), output="%A_%a_%4j_%%j_%J.out")
    snapshot = queue(job, units={42: [task(42, 1, DONE, raw_id=43)]})
    paths = [line[:3] for line in listed(snapshot, Selector(number=42)) if line[1] == "OUT"]
    assert paths == [
        ("42_1", "OUT", "/home/alice/42_1_0043_%j_43.out"),
        ("42_2", "OUT", "/home/alice/42_2_%4j_%j_%J.out"),
        ("42_3", "OUT", "/home/alice/42_3_%4j_%j_%J.out"),
    ]


def test_of_a_large_array_the_next_tasks_are_shown_or_those_that_are_named():
    snapshot = queue(array(tasks=Ranges.span(1, 1_000_000)))
    assert len(listed(snapshot, Selector(number=42))) == 40
    asked = Selector(number=42, tasks=Ranges.span(501, 600))
    assert len(listed(snapshot, asked)) == 200


def test_a_job_run_by_its_own_client_has_no_files():
    assert listed(queue(plain(42, RUNS, foreground=True)), Selector(number=42)) == []


def test_files_are_listed_with_their_sizes():
    out = OutFile(job="42", kind="OUT", path="/a b/x\n.out", growing=False)
    err = OutFile(job="42", kind="ERR", path="/y.err", growing=False)
    assert render([(out, 1234), (err, None)]) == (
        "JOBID[_TASK]  TYPE  PATH          EXISTS  SIZE_BYTES\n"
        "42            OUT   /a b/x\\n.out  YES     1234\n"
        "42            ERR   /y.err        NO      0\n"
    )


@given(st.lists(st.tuples(st.binary(max_size=20), st.booleans())))
def test_files_come_out_of_the_wire_as_they_went_in(paths: list[tuple[bytes, bool]]):
    some = [
        OutFile(
            job="42_7", kind="OUT", path=path.decode("utf-8", "surrogateescape"), growing=growing
        )
        for path, growing in paths
    ]
    assert unpack(pack(some)) == some


def test_what_is_no_list_of_files_is_refused():
    with pytest.raises(ValueError, match="unpack"):
        unpack(b"nonsense")
