"""What sinfo prints, sign by sign. The texts are those of a Slurm with the same partitions."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unit.report.made import HERE, MORNING
from tinysched.job.nodelisting import NodeListing, View
from tinysched.job.standing import Node, Part
from tinysched.report.slurm.moments import Moments
from tinysched.report.slurm.printed import Printed
from tinysched.report.slurm.sinfo import render
from tinysched.report.slurm.sinfo_fields import LETTERS, WORDS

DEBUG = Part(
    name="debug",
    is_default=True,
    max_time_s=None,
    default_time_s=None,
    memory_per_cpu_mib=1000,
    cores=8,
    cores_taken=0,
    users=None,
)
SHORT = replace(DEBUG, name="short", is_default=False, max_time_s=1800, default_time_s=600)
IDLE = Node(
    host="vm",
    cluster="linux",
    cores=8,
    cores_taken=0,
    memory_mib=16000,
    memory_taken_mib=0,
    memory_free_mib=21243,
    load=1.72,
    booted_at=MORNING - 5000,
    began_at=MORNING - 100,
    version="22.05.8",
    system="Linux 6.1",
    architecture="x86_64",
    parts=(DEBUG, SHORT),
)
MIXED = replace(IDLE, cores_taken=3, memory_taken_mib=3000)
FULL = replace(IDLE, cores_taken=8, memory_taken_mib=8000)
WORDED = {"reason": "for a test of long words", "reason_by": 0, "reason_at": MORNING}
DRAINED = replace(IDLE, is_drained=True, **WORDED)
DRAINING = replace(FULL, is_drained=True, **WORDED)
LONG_NAME = replace(
    SHORT, name="averylongpartitionname", max_time_s=93600, cores=4, users=("ann", "ben")
)
MANY = replace(
    IDLE,
    parts=(
        DEBUG,
        SHORT,
        LONG_NAME,
        replace(DEBUG, name="zz", is_default=False, is_up=False),
        replace(DEBUG, name="aa", is_default=False, max_time_s=300),
    ),
)


def printed(node: Node = IDLE, style: str = "", **asked: object) -> Printed:
    moments = Moments(place=HERE, now=MORNING, style=style)
    listing = NodeListing(time_style=style, **asked)
    return render(listing, node, moments, lambda uid: {0: "root"}[uid])


def shown(node: Node = IDLE, **asked: object) -> str:
    found = printed(node, **asked)
    assert (found.err, found.exit_code) == ("", 0)
    return found.out


def row(node: Node = IDLE, letters: str = "%N", **asked: object) -> str:
    return shown(node, letters=letters, header=False, **asked)


def test_the_usual_listing():
    assert shown() == (
        "PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST\n"
        "debug*       up   infinite      1   idle vm\n"
        "short        up      30:00      1   idle vm\n"
    )


def test_the_long_listing_begins_with_the_date():
    date, *lines = shown(is_long=True, is_dated=True).splitlines()
    assert len(date.split()) == 5
    assert lines == [
        "PARTITION AVAIL  TIMELIMIT   JOB_SIZE ROOT OVERSUBS     GROUPS  NODES       STATE"
        " NODELIST",
        "debug*       up   infinite 1-infinite   no       NO        all      1        idle vm",
        "short        up      30:00 1-infinite   no       NO        all      1        idle vm",
    ]


def test_a_line_for_each_node_and_partition():
    assert shown(view=View.NODES) == (
        "NODELIST   NODES PARTITION STATE \n"
        "vm             1    debug* idle  \n"
        "vm             1     short idle  \n"
    )
    assert shown(DRAINED, view=View.NODES, is_long=True) == (
        "NODELIST   NODES PARTITION       STATE CPUS    S:C:T MEMORY TMP_DISK WEIGHT AVAIL_FE"
        " REASON              \n"
        "vm             1    debug*     drained 8       8:1:1  16000        0      1   (null)"
        " for a test of long w\n"
        "vm             1     short     drained 8       8:1:1  16000        0      1   (null)"
        " for a test of long w\n"
    )


def test_a_summary_counts_nodes():
    text = shown(DRAINED, view=View.SUMMARY)
    assert text == (
        "PARTITION AVAIL  TIMELIMIT   NODES(A/I/O/T) NODELIST\n"
        "debug*       up   infinite          0/0/1/1 vm\n"
        "short        up      30:00          0/0/1/1 vm\n"
    )
    assert shown(DRAINED, view=View.SUMMARY, is_long=True) == text


def test_reasons_are_listed_where_there_are_some():
    reasons = {"view": View.REASONS, "has_reason": True}
    assert shown(**reasons) == "REASON               USER      TIMESTAMP           NODELIST\n"
    short, long = (shown(DRAINED, is_long=flag, **reasons) for flag in (False, True))
    at = "2023-11-14T23:13:20"
    assert short.splitlines()[1] == f"for a test of long w root      {at} vm"
    assert long == (
        "REASON               USER         TIMESTAMP           STATE  NODELIST\n"
        f"for a test of long w root(0)      {at} drain  vm\n"
    )


def test_only_nodes_with_a_reason_may_be_asked_for_in_any_view():
    assert row(view=View.NODES, letters="%N", has_reason=True) == ""
    assert row(DRAINED, view=View.NODES, letters="%R", has_reason=True) == "debug\nshort\n"
    assert "0/0/0/0" in shown(view=View.SUMMARY, has_reason=True)


@pytest.mark.parametrize(
    ("node", "states", "counts"),
    [
        (IDLE, "idle idle idle", "0/1 0/1/0/1 0/8/0/8"),
        (MIXED, "mix mixed mixed", "1/0 1/0/0/1 3/5/0/8"),
        (FULL, "alloc allocated allocated", "1/0 1/0/0/1 8/0/0/8"),
        (DRAINED, "drain drained idle+drain", "0/0 0/0/1/1 0/0/8/8"),
        (DRAINING, "drng draining allocated+drain", "1/0 1/0/0/1 8/0/0/8"),
        (replace(DRAINING, cores_taken=3), "drng draining mixed+drain", "1/0 1/0/0/1 3/0/5/8"),
    ],
)
def test_a_node_is_what_its_cores_are(node: Node, states: str, counts: str):
    words = "statecompact: ,statelong: ,statecomplete:"
    assert row(node, letters=None, words=words) == f"{states}\n"
    assert row(node, "%A %F %C") == f"{counts}\n"


@pytest.mark.parametrize(
    ("state", "fitting"),
    [
        ("idle", [IDLE, DRAINED]),
        ("allocated", [MIXED, FULL, DRAINING]),
        ("mixed", [MIXED]),
        ("drain", [DRAINED, DRAINING]),
        ("drained", [DRAINED]),
        ("draining", [DRAINING]),
        ("down", []),
    ],
)
def test_states_choose_nodes(state: str, fitting: list[Node]):
    wanted = (frozenset({state}),)
    nodes = (IDLE, MIXED, FULL, DRAINED, DRAINING)
    assert [node for node in nodes if row(node, states=wanted)] == fitting


def test_of_states_that_are_joined_all_must_fit():
    together = (frozenset({"drain", "idle"}),)
    assert row(DRAINED, states=together)
    assert not row(DRAINING, states=together)
    assert not row(IDLE, states=())


def test_a_partition_without_such_a_node_is_listed_by_name_alone():
    text = (
        "PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST\n"
        "debug*       up   infinite      0    n/a \n"
        "short        up      30:00      0    n/a \n"
    )
    assert shown(is_dead=True) == shown(hosts=frozenset({"other"})) == text
    assert row(is_dead=True, letters="%a %N") == ""
    assert row(is_dead=True, letters="%P", view=View.NODES) == ""
    every = "%P %c %m %C %t %T %O %v %z %u %U %E %H %e %w %n."
    assert row(is_dead=True, partitions=frozenset({"short"}), letters=every) == (
        "short 0 0 0/0/0/0 n/a n/a 0.00 N/A 0:0:0 root root(0) none Unknown 0 0 .\n"
    )


def test_lines_that_would_say_the_same_of_partitions_are_one():
    assert row(MANY, "%N") == "vm\n"
    assert row(MANY, "%l") == "infinite\n30:00\n1-02:00:00\n5:00\n"
    assert row(MANY, "%a %N") == "up vm\ndown vm\n"
    assert row(MANY, "%N", view=View.NODES) == "vm\n" * 5


def test_what_partitions_have_of_their_own():
    assert row(MANY, "%9P|%.9P|%R|%L|%B|%g|%a", partitions=frozenset({LONG_NAME.name})) == (
        "averylong|averylong|averylongpartitionname|10:00|4|ann,ben|up\n"
    )
    assert row(letters="%P %R %L", partitions=frozenset({"debug"})) == "debug* debug n/a\n"


def test_columns_of_names_grow_unless_a_format_says_otherwise():
    head, first, *_ = shown(MANY).splitlines()
    assert head == "PARTITION              AVAIL  TIMELIMIT  NODES  STATE NODELIST"
    assert first == "debug*                    up   infinite      1   idle vm"
    named = replace(IDLE, host="a-very-long-name")
    assert shown(named, view=View.NODES).splitlines()[1] == (
        "a-very-long-name      1    debug* idle  "
    )


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("", "debug short averylongpartitionname zz aa"),
        ("#P,t", "debug short averylongpartitionname zz aa"),
        ("P", "aa averylongpartitionname debug short zz"),
        ("-R", "zz short debug averylongpartitionname aa"),
        ("l", "aa short averylongpartitionname debug zz"),
        ("-l", "debug zz averylongpartitionname short aa"),
        ("a", "zz debug short averylongpartitionname aa"),
        ("g", "debug short zz aa averylongpartitionname"),
        ("N,P", "aa averylongpartitionname debug short zz"),
        ("x", "debug short averylongpartitionname zz aa"),
    ],
)
def test_partitions_are_sorted_by_what_they_have(sort: str, names: str):
    for view in (View.PARTITIONS, View.NODES):
        assert row(MANY, "%R", sort=sort, view=view).split() == names.split()


def test_every_field_has_a_header_and_a_value():
    for letter in LETTERS:
        assert shown(letters=f"[%{letter}]").count("[]") == 0
    for word, field in WORDS.items():
        assert shown(words=f"{word}:").startswith(f"{field.header}\n")


def test_all_fields_at_once():
    head, first, *_ = shown(letters="%all").splitlines()
    assert head.startswith("AVAIL|ACTIVE_FEATURES|CPUS|TMP_DISK|FREE_MEM|AVAIL_FEATURES|GROUPS|")
    assert head.endswith("|S:C:T|NODES(A/I) |MAX_CPUS_PER_NODE |CPUS(A/I/O/T) |NODES |REASON "
                         "|NODES(A/I/O/T) |GRES |TIMESTAMP |PRIO_JOB_FACTOR |DEFAULTTIME "
                         "|PREEMPT_MODE |NODELIST |CPU_LOAD |PARTITION |PARTITION |ALLOCNODES "
                         "|STATE |USER |CLUSTER |SOCKETS |CORES |THREADS ")  # fmt: skip
    assert first.startswith("up|(null)|8|0|21243|(null)|all|NO|infinite|16000|vm|vm|1|no|")
    assert first.endswith("|debug* |debug |all |idle |Unknown |N/A |8 |1 |1 ")
    assert shown(words="All") == shown(letters="%all")


def test_what_is_no_field_is_told_and_stands_as_it_was_written():
    found = printed(letters="%N %q")
    assert found.out == "NODELIST %q\nvm %q\n"
    assert found.err == "Invalid node format specification: q\n"
    found = printed(words="NodeList,foo:30|,StateLong")
    assert found.out.splitlines()[1] == "vm                  |idle                "
    assert found.err == "sinfo: error: Invalid job format specification: foo\n"


def test_a_time_format_that_is_none_is_told_where_there_is_a_time():
    assert printed(style="foo").err == ""
    found = printed(DRAINED, style="foo", view=View.REASONS)
    assert found.err == "sinfo: error: invalid SLURM_TIME_FORMAT = 'foo'\n"
    assert "2023-11-14T" in found.out


def test_there_is_one_cluster():
    assert shown(clusters="linux").startswith("CLUSTER: linux\nPARTITION ")
    assert row(clusters="all", letters="%V") == "linux\n"
    found = printed(clusters="other")
    assert (found.out, found.exit_code) == ("", 1)
    assert found.err.startswith("sinfo: error: No cluster 'other' known by database.\n")


def test_there_are_no_reservations():
    assert shown(reservations=True) == "No reservations in the system\n"


def test_programs_read_json():
    answer = json.loads(shown(replace(DRAINING, cores_taken=3), json=True))
    (node,) = answer["nodes"]
    assert (node["name"], node["state"], node["state_flags"]) == ("vm", "mixed", ["DRAIN"])
    assert (node["cpus"], node["alloc_cpus"], node["idle_cpus"]) == (8, 3, 5)
    assert (node["partitions"], node["real_memory"]) == (["debug", "short"], 16000)
    assert (node["reason"], node["reason_set_by_user"]) == (WORDED["reason"], "root")
    assert json.loads(shown(json=True))["nodes"][0]["reason_set_by_user"] is None
