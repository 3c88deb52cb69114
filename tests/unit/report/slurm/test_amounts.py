from __future__ import annotations

import pytest

from tinysched.report.slurm.amounts import Amounts, cpu_text, memory_text, passed


@pytest.mark.parametrize(
    ("mib", "text"),
    [(0, "0"), (1, "1M"), (1000, "1000M"), (1024, "1G"), (1536, "1.50G"), (2560, "2.50G"),
     (1500, "1500M"), (1536 * 1024, "1.50T"), (1280, "1280M")],
)  # fmt: skip
def test_memory_is_told_in_the_largest_unit_of_which_it_is_whole_or_a_half(mib: int, text: str):
    assert memory_text(mib) == text


def test_a_unit_that_is_asked_for_is_used_whatever_comes_of_it():
    for unit, text in [("K", "307200K"), ("M", "300M"), ("G", "0.29G"), ("T", "0.00T")]:
        assert Amounts(unit=unit).text(300 * 2**20) == text
    assert Amounts(keeps_units=True).text(11010048) == "11010048"
    assert Amounts().text(11010048) == "10.50M"
    assert Amounts().text(3248128) == "3172K"
    assert Amounts().text(1079) == "1079"


def test_what_passed_is_told_in_mebibytes():
    assert [passed(number) for number in (0, 1, 11087, 50 << 20)] == [
        "0", "0.00M", "0.01M", "50.00M",
    ]  # fmt: skip


def test_processor_time_is_told_to_the_thousandth_below_an_hour():
    for seconds, text in [
        (0, "00:00:00"), (0.0004, "00:00:00"), (4.368, "00:04.368"), (65.25, "01:05.250"),
        (65, "00:01:05"), (3599.999, "59:59.999"), (3600.5, "01:00:00"), (90061, "1-01:01:01"),
    ]:  # fmt: skip
        assert cpu_text(seconds) == text
