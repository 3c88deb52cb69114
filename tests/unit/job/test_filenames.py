"""Patterns of file names stand for what they stand for in Slurm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.job.filenames import (
    Names,
    error_path,
    expand,
    foretold,
    input_path,
    output_path,
    resolve,
)
from tinysched.job.model import JobId
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Request

PLAIN = Names(id=JobId(number=42), raw_id=42, name="pi", user="alice", node="hal")
TASK = Names(id=JobId(number=42, task=7), raw_id=49, name="pi", user="alice", node="hal")


@pytest.mark.parametrize(
    ("pattern", "plain", "task"),
    [
        ("slurm-%j.out", "slurm-42.out", "slurm-49.out"),
        ("slurm-%A_%a.out", "slurm-42_4294967294.out", "slurm-42_7.out"),
        ("%J,%n,%t,%s", "42,0,0,batch", "49,0,0,batch"),
        ("%x.%u@%N", "pi.alice@hal", "pi.alice@hal"),
        ("%4j-%3a", "0042-4294967294", "0049-007"),
        ("%12j", "0000000042", "0000000049"),
        ("%99999999999999999999j", "0000000042", "0000000049"),
        ("%000j", "42", "49"),
        ("%4x", "pi", "pi"),
        ("100%%", "100%", "100%"),
        ("%%j", "%j", "%j"),
        ("q%q-%Z", "q%q-%Z", "q%q-%Z"),
        ("%4q%2%j", "4q242", "4q249"),
        ("%5.o", "5.o", "5.o"),
        ("%-5j", "%-5j", "%-5j"),
        ("end%", "end%", "end%"),
        ("~/$HOME/%j", "~/$HOME/42", "~/$HOME/49"),
        ("\\a%j.txt", "a%j.txt", "a%j.txt"),
        ("a\\\\%j", "a\\%j", "a\\%j"),
        ("a%j\\", "a%j", "a%j"),
        ("", "", ""),
    ],
)
def test_every_letter_stands_for_its_value(pattern, plain, task):
    assert expand(pattern, PLAIN) == plain
    assert expand(pattern, TASK) == task


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("%A_%a-%j-%u-%x", "/w/42_7-49-alice-pi"),
        ("%N%n%t%s%J%%", "/w/%N%n%t%s%J%%"),
        ("%%j%5j\\%j", "/w/%49%5j\\49"),
        ("None", "/dev/null"),
        ("", "/w/"),
    ],
)
def test_before_the_start_less_is_known(pattern, path):
    assert foretold(pattern, "/w", TASK) == path


def test_a_name_with_percent_signs_is_not_expanded_again():
    names = Names(id=JobId(number=1), raw_id=1, name="%j%x", user="%u", node="%N")
    assert expand("%x-%u-%N", names) == "%j%x-%u-%N"


@given(st.text(alphabet="%jJAaxuNnts0123456789\\/. q", max_size=12))
def test_any_pattern_expands_to_something_absolute(pattern):
    assert resolve(pattern, "/work", TASK).startswith("/")


@given(st.text(alphabet="abc/.~$ -_", max_size=12))
def test_a_pattern_without_marks_stays_as_it_is(pattern):
    assert expand(pattern, TASK) == pattern


def test_relative_names_lie_in_the_working_directory():
    assert resolve("a/%j", "/w", PLAIN) == "/w/a/42"
    assert resolve("a", "/", PLAIN) == "/a"
    assert resolve("/abs/%j", "/w", PLAIN) == "/abs/42"


def test_none_discards():
    assert resolve("none", "/w", PLAIN) == resolve("NONE", "/w", PLAIN) == "/dev/null"
    assert resolve("./none", "/w", PLAIN) == "/w/./none"
    assert resolve("/dev/null", "/w", PLAIN) == "/dev/null"


def test_without_a_wish_output_and_error_have_a_file_each():
    request = Request(name="pi", submit_dir="/w")
    assert output_path(request, PLAIN) == "/w/slurm-42.out"
    assert error_path(request, PLAIN) == "/w/slurm-42.err"
    assert input_path(request, PLAIN) == "/dev/null"


def test_tasks_of_an_array_are_told_apart_by_array_and_index():
    request = Request(name="pi", submit_dir="/w", array=Array(tasks=Ranges.span(1, 9)))
    assert output_path(request, TASK) == "/w/slurm-42_7.out"
    assert error_path(request, TASK) == "/w/slurm-42_7.err"


def test_naming_the_output_leaves_the_error_where_it_was():
    request = Request(name="pi", submit_dir="/w", chdir="sub", output="o-%j", input="in")
    assert output_path(request, PLAIN) == "/w/sub/o-42"
    assert error_path(request, PLAIN) == "/w/sub/slurm-42.err"
    assert input_path(request, PLAIN) == "/w/sub/in"


def test_naming_the_error_leaves_the_output_where_it_was():
    request = Request(name="pi", submit_dir="/w", error="none")
    assert output_path(request, PLAIN) == "/w/slurm-42.out"
    assert error_path(request, PLAIN) == "/dev/null"


def test_an_empty_name_is_the_directory_itself_where_no_file_can_be():
    request = Request(name="pi", submit_dir="/w", output="", joined=True)
    assert output_path(request, PLAIN) == error_path(request, PLAIN) == "/w/"
