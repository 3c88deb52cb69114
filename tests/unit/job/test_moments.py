"""Moments as people write them."""

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.moments import MomentError, parse_moment
from tinysched.job.quantities import format_time

AHEAD_S = 3600
# Thursday the 6th of May 2027, 12:00:00 by a clock one hour ahead of UTC.
NOON = datetime(2027, 5, 6, 11, tzinfo=timezone.utc).timestamp()


def ahead(_at):
    return AHEAD_S


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("now", "2027-05-06T12:00:00"),
        ("now+90", "2027-05-06T12:01:30"),
        ("now+2minutes", "2027-05-06T12:02:00"),
        ("now+1hour", "2027-05-06T13:00:00"),
        ("NOW+2days", "2027-05-08T12:00:00"),
        ("now-1week", "2027-04-29T12:00:00"),
        ("today", "2027-05-06T00:00:00"),
        ("tomorrow", "2027-05-07T00:00:00"),
        ("midnight", "2027-05-07T00:00:00"),
        ("tomorrow 16:30", "2027-05-07T16:30:00"),
        ("noon", "2027-05-07T12:00:00"),
        ("teatime", "2027-05-06T16:00:00"),
        ("16:30", "2027-05-06T16:30:00"),
        ("4:30pm", "2027-05-06T16:30:00"),
        ("11:59:59", "2027-05-07T11:59:59"),
        ("2031-05-06", "2031-05-06T00:00:00"),
        ("2031-05-06T07:08", "2031-05-06T07:08:00"),
        ("2031-05-06T07:08:09", "2031-05-06T07:08:09"),
        ("05/06/31", "2031-05-06T00:00:00"),
        ("05/07", "2027-05-07T00:00:00"),
        ("05/05", "2028-05-05T00:00:00"),
        ("050631", "2031-05-06T00:00:00"),
        ("1970-01-01-00:00:01", "1970-01-01T00:00:01"),
        ("now + 1 hour", "2027-05-06T13:00:00"),
        ("4:30 pm", "2027-05-06T16:30:00"),
        ("12:00am", "2027-05-07T00:00:00"),
        ("noon tomorrow", "2027-05-07T12:00:00"),
        ("16:00 2031-05-06", "2031-05-06T16:00:00"),
        ("2031-05-06T", "2031-05-06T00:00:00"),
        ("2031-02-30", "2031-03-02T00:00:00"),
        ("05.06.31", "2031-05-06T00:00:00"),
        ("0507", "2027-05-07T00:00:00"),
    ],
)
def test_the_forms_of_slurm_are_read(text, local):
    assert format_time(parse_moment(text, NOON, ahead), AHEAD_S) == local


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("midnight", "2027-05-06T00:00:00"),
        ("noon", "2027-05-06T12:00:00"),
        ("11:30", "2027-05-06T11:30:00"),
        ("16:30", "2027-05-06T16:30:00"),
        ("03/12", "2027-03-12T00:00:00"),
        ("05/07", "2027-05-07T00:00:00"),
        ("tomorrow", "2027-05-07T00:00:00"),
    ],
)
def test_times_of_day_of_a_past_are_of_today(text, local):
    assert format_time(parse_moment(text, NOON, ahead, may_be_past=True), AHEAD_S) == local


@pytest.mark.parametrize(
    "text", ["", "foo", "25:00", "12:60", "13:00pm", "2031-13-01", "now+", "now+2fortnights", "1"]
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_moment(text, NOON, ahead)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("foo", 0),
        ("now+", 3),
        ("now+-1", 3),
        ("now+1x", 4),
        ("now+2min", 4),
        ("now tomorrow", 4),
        ("25:00", 0),
        ("16:60", 3),
        ("16:00:61", 6),
        ("1:2", 3),
        ("16", 0),
        ("4pm", 1),
        ("13:00pm", 5),
        ("16:00,tomorrow", 5),
        ("2031-05-06T07", 13),
        ("2031-05-06T07:08:09.5", 19),
        ("2031-05-06T07:08x", 16),
        ("2031-13-45", 5),
        ("2031-01-32", 8),
        ("2031-5-6", 0),
        ("13/06/31", 0),
        ("05/32", 3),
        ("05/06/2031", 8),
        ("05/06/3", 7),
        ("1234", 2),
        ("05063", 5),
        ("0506311", 7),
        ("1700000000", 0),
        ("tomorrow+1", 8),
        ("Tomorrow", 1),
    ],
)
def test_the_place_where_the_reader_gave_up_is_known(text, position):
    with pytest.raises(MomentError) as refusal:
        parse_moment(text, NOON, ahead)
    assert refusal.value.position == position


@given(st.text(alphabet="now+-0123456789:/.T dayhourmin", max_size=20) | st.text(max_size=12))
def test_any_text_is_a_moment_or_none(text):
    try:
        found = parse_moment(text, NOON, ahead)
    except ValueError:
        return
    assert isinstance(found, float)


@given(st.integers(0, 4 * 10**9))
def test_what_is_printed_is_read_back(at):
    assert parse_moment(format_time(at, AHEAD_S), NOON, ahead) == at
