"""Command lines of tscontrol, tsout and tspurge become queries."""

from __future__ import annotations

import pytest

from tinysched.errors import UsageError
from tinysched.job.queries import PurgeQuery, Selector
from tinysched.script import queries

JOB_42 = Selector(number=42)


def test_tscontrol_reads_verb_and_jobs():
    query = queries.control(["hold", "42", "43_[1-2],44"])
    assert (query.verb, query.json) == ("hold", False)
    assert query.selectors == queries.selectors("42,43_[1-2],44")
    for verb in ("release", "requeue"):
        assert queries.control([verb, "42"]).verb == verb
    shown = queries.control(["show", "job", "42", "--json"])
    assert (shown.verb, shown.selectors, shown.json) == ("show", (JOB_42,), True)


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        ([], "expected one of hold, release, requeue, show, not nothing"),
        (["frob", "42"], "expected one of hold, release, requeue, show, not frob"),
        (["hold"], "hold needs the number of a job"),
        (["show"], "only jobs can be shown: show job 42"),
        (["show", "42"], "only jobs can be shown: show job 42"),
        (["show", "job"], "show needs the number of a job"),
        (["hold", "42", "--json"], "--json goes with show, not with hold"),
        (["hold", "x"], "x is no job: expected 42, 42_7 or 42_[2-4,9]"),
    ],
)
def test_tscontrol_says_what_is_wrong(argv, why):
    with pytest.raises(UsageError) as failure:
        queries.control(argv)
    assert failure.value.sentence == f"cannot read the command line: {why}"


def test_tsout_takes_jobs_and_tasks():
    assert queries.out(["42", "42_3", "-f"]).selectors == queries.selectors("42,42_3")
    with pytest.raises(UsageError, match="no job is given"):
        queries.out(["--cat"])


@pytest.mark.parametrize(
    ("argv", "query"),
    [
        (["--keep-last", "200", "--dry-run"], PurgeQuery(keep_last=200, dry_run=True)),
        (["--keep-last=0"], PurgeQuery(keep_last=0)),
        (["--age-days=14"], PurgeQuery(age_days=14)),
        (["--age-days=0.5"], PurgeQuery(age_days=0.5)),
        (["--age-days=14", "--keep-last=100"], PurgeQuery(age_days=14, keep_last=100)),
    ],
)
def test_tspurge_reads_its_rule(argv, query):
    assert queries.purge(argv) == query


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        ([], "cannot read the command line: give --keep-last or --age-days or both"),
        (["--dry-run"], "cannot read the command line: give --keep-last or --age-days or both"),
        (["--keep-last=x"], "cannot read --keep-last=x: expected a whole number"),
        (["--keep-last=-1"], "cannot read --keep-last=-1: expected a whole number"),
        (["--age-days=nan"], "cannot read --age-days=nan: expected a number of days"),
        (["--age-days=1.5.5"], "cannot read --age-days=1.5.5: expected a number of days"),
        (["--age-days=.5"], "cannot read --age-days=.5: expected a number of days"),
        (["--age-days=1."], "cannot read --age-days=1.: expected a number of days"),
        (["--keep-last=1", "42"], "cannot read the command line: 42 is no option"),
    ],
)
def test_tspurge_says_what_is_wrong(argv, why):
    with pytest.raises(UsageError) as failure:
        queries.purge(argv)
    assert failure.value.sentence.startswith(why)
