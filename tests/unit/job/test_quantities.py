"""Times and sizes read as Slurm reads them, except that our limits keep their seconds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.quantities import (
    format_duration,
    format_elapsed,
    format_memory,
    format_time,
    parse_duration,
    parse_memory,
)

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5 * MINUTE),
        ("1:30", 90),
        ("0:01", 1),
        ("0:61", 61),
        ("1:00:00", HOUR),
        ("01:02:03", HOUR + 2 * MINUTE + 3),
        ("26:00:00", DAY + 2 * HOUR),
        ("1-0", DAY),
        ("3-25", 4 * DAY + HOUR),
        ("1-2:03", DAY + 2 * HOUR + 3 * MINUTE),
        ("1-1:75", DAY + 2 * HOUR + 15 * MINUTE),
        ("2-00:00:07", 2 * DAY + 7),
        ("0-0:10", 10 * MINUTE),
    ],
)
def test_every_form_of_a_time_limit_is_read_to_the_second(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["0", "0:00", "00:00:00", "0-0", "-1", "UNLIMITED", "unlimited", "Infinite"]
)
def test_none_at_all_and_without_limit_are_no_limit(text):
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("abc", "1h", "10m", "1.5", "1:2:3:4", "1-2-3", "", " 5", "5,", ":30", "1:", "1-"),
        *("-5", "+5", "1-1:2:3:4", "٣", "²", "1" * 5000, "1_0", "5\n"),
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_duration(text)


@given(st.integers(1, 10**9))
def test_a_time_reads_back_as_it_was_printed(seconds):
    assert parse_duration(format_duration(seconds)) == seconds
    assert parse_duration(format_elapsed(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "short", "full"),
    [
        (-3, "0:00", "00:00:00"),
        (0, "0:00", "00:00:00"),
        (7.9, "0:07", "00:00:07"),
        (600, "10:00", "00:10:00"),
        (HOUR, "1:00:00", "01:00:00"),
        (DAY - 1, "23:59:59", "23:59:59"),
        (10 * DAY + 62, "10-00:01:02", "10-00:01:02"),
    ],
)
def test_a_stretch_of_time_is_printed_short_and_in_full(seconds, short, full):
    assert format_elapsed(seconds) == short
    assert format_duration(seconds) == full


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("0", 0),
        ("0G", 0),
        ("100", 100),
        ("100M", 100),
        ("500mb", 500),
        ("2G", 2048),
        ("2GB", 2048),
        ("1t", 1024 * 1024),
        ("1K", 1),
        ("100KB", 1),
        ("1025k", 2),
    ],
)
def test_every_form_of_a_size_is_read_as_mebibytes(text, mib):
    assert parse_memory(text) == mib


@pytest.mark.parametrize(
    "text",
    ["", "abc", "2Gi", "5X", "2Gx", "1.5G", "-1", " 1", "G", "B", "5B", "1 G", "9" * 10, "²"],
)
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_memory(text)


@given(st.integers(0, 10**9 - 1))
def test_a_size_reads_back_as_it_was_printed(mib):
    assert parse_memory(format_memory(mib)) == mib


@pytest.mark.parametrize(
    ("mib", "text"),
    [(0, "0"), (100, "100M"), (1024, "1G"), (1500, "1500M"), (10240, "10G"), (1 << 20, "1T")],
)
def test_a_size_is_printed_in_the_largest_whole_unit(mib, text):
    assert format_memory(mib) == text


@given(st.text(alphabet="0123456789:-KMGTBkmgtb. ", max_size=12))
def test_any_text_is_a_quantity_or_a_value_error(text):
    for parse in (parse_duration, parse_memory):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert value is None or value >= 0


def test_a_moment_is_printed_as_local_clocks_show_it():
    assert format_time(0, 0) == "1970-01-01T00:00:00"
    assert format_time(1_000_000_000.9, 2 * HOUR) == "2001-09-09T03:46:40"
    assert format_time(-0.5, -HOUR) == "1969-12-31T22:59:59"
