"""Partitions as an admin writes them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.config import parse
from tinysched.errors import ConfigError
from tinysched.partitions import Partition

TEXT = """\
partitions:
  debug:
  short: {max_time_s: 1800, default_time_s: 600, default_mem_per_cpu_mib: 1000, cores: 4}
  lab:
    users: [alice, 1002]
"""


def test_each_rule_is_read():
    assert parse(TEXT).partitions == (
        Partition(name="debug", is_default=True),
        Partition(
            name="short",
            max_time_s=1800,
            default_time_s=600,
            default_mem_per_cpu_mib=1000,
            cores=4,
        ),
        Partition(name="lab", users=frozenset({"alice", "1002"})),
    )


def test_the_first_is_the_default_unless_another_says_so():
    found = parse("partitions: {a: , b: {default: yes}}").partitions
    assert [(one.name, one.is_default) for one in found] == [("a", False), ("b", True)]


@pytest.mark.parametrize(
    "text",
    [
        "[debug]",
        "{debug: 5}",
        "{debug: {colour: red}}",
        "{'a b': }",
        "{debug: {max_time_s: 0}}",
        "{debug: {max_time_s: soon}}",
        "{debug: {users: alice}}",
        "{debug: {users: [1.5]}}",
        "{a: {default: yes}, b: {default: yes}}",
        "{a: {default: 3}}",
        "{debug: {users: [[alice]]}}",
    ],
)
def test_what_is_no_partition_is_refused_in_words(text):
    with pytest.raises(ConfigError, match=r"partitions is .*: expected a list of names, each"):
        parse(f"partitions: {text}")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
    )
)
def test_any_value_is_read_or_refused_in_words(value):
    text = json.dumps({"partitions": value})  # which is YAML, too
    try:
        found = parse(text).partitions
    except ConfigError as error:
        said = error.sentence
    else:
        said = "partitions" if all(isinstance(one, Partition) for one in found) else ""
    assert "partitions" in said
