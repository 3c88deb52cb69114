"""scontrol's words as the dispatcher reads them."""

from __future__ import annotations

import pytest

from tinysched.errors import VerbatimError
from tinysched.job.queries import Selector
from tinysched.job.ranges import Ranges
from tinysched.script.slurm import hostlist, scontrol
from tinysched.script.slurm.scontrol_options import KEYWORDS


@pytest.mark.parametrize(
    ("words", "entity", "name"),
    [
        ("show job 42", "job", "42"),
        ("sho jo 42", "job", "42"),
        ("SHOW JobId=42_7", "job", "42_7"),
        ("show jobs", "job", None),
        ("show node", "node", None),
        ("show part debug", "partition", "debug"),
        ("show conf", "config", None),
        ("show step 42.0", "step", "42.0"),
        ("show hostnames a[1-2]", "hostnames", "a[1-2]"),
        ("show hostlist a1,a2", "hostlist", "a1,a2"),
        ("show hostlistsorted a2,a1", "hostlistsorted", "a2,a1"),
    ],
)
def test_what_is_to_be_shown_may_be_abbreviated(words: str, entity: str, name: str | None):
    order = scontrol.read(words.split())
    assert (order.keyword, order.entity, order.name) == ("show", entity, name)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_options_may_stand_anywhere(place: int):
    words = ["show", "job", "42"]
    words[place:place] = ["-o", "-dd", "--quiet"]
    order = scontrol.read(words)
    assert (order.one_line, order.details, order.quiet, order.json) == (True, True, True, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("nosuch", "invalid keyword: nosuch"),
        ("show nosuch", "invalid entity:nosuch for keyword:show "),
        ("show", "too few arguments for keyword:show"),
        ("show job 1 2", "too many arguments for keyword:show"),
        ("hold", "too few arguments for keyword:hold"),
        ("--yaml show job", "scontrol: error: --yaml is not supported: use --json"),
        ("-u bob show job", "scontrol: error: --uid is not supported: everybody is who he is"),
    ],
)
def test_mistakes_are_told_in_slurms_words(words: str, said: str):
    with pytest.raises(VerbatimError) as refused:
        scontrol.read(words.split())
    assert (refused.value.text, refused.value.exit_code) == (f"{said}\n", 1)


def test_an_unknown_option_is_told_of_as_getopt_does():
    with pytest.raises(VerbatimError) as refused:
        scontrol.read(["--nosuch"])
    assert refused.value.text.startswith("scontrol: unrecognized option '--nosuch'\n")


def test_every_keyword_is_known_by_its_name_and_by_as_little_as_slurm_lets_be_left_of_it():
    names = [name for name, _, _ in KEYWORDS]
    for name, least, _help in KEYWORDS:
        assert scontrol.matches(name.upper(), name, least)
        assert scontrol.matches(name[:least], name, least)
        assert not scontrol.matches(name[: least - 1], name, least)
        assert not scontrol.matches(f"{name}x", name, least)
        order = scontrol.read([name, *_WORDS.get(name, ())])
        assert order.keyword == ("uhold" if name == "holdu" else name)
    assert len(set(names)) == len(names)


_WORDS = {
    **dict.fromkeys(("hold", "holdu", "uhold", "release", "requeue", "requeuehold"), ("1",)),
    **dict.fromkeys(("suspend", "resume", "top", "wait_job", "pidinfo"), ("1",)),
    "errnumstr": ("2",),
    "notify": ("1", "hello"),
    "show": ("job",),
    "update": ("JobId=1",),
    "write": ("batch_script", "1"),
}


def test_jobs_and_tasks_are_named_by_numbers_alone():
    assert scontrol.selector("42") == Selector(number=42)
    assert scontrol.selector("42_7") == Selector(number=42, tasks=Ranges.of((7,)))
    assert [scontrol.selector(word) for word in ("", "x", "0", "4x", "_7")] == [None] * 5


@pytest.mark.parametrize(
    ("names", "folded"),
    [
        ("a01,a02,a03,b5", "a[01-03],b5"),
        ("a03,a01", "a[03,01]"),
        ("login,a1,a2,a4", "login,a[1-2,4]"),
        ("a9,a10,a11", "a[9-11]"),
        ("a", "a"),
    ],
)
def test_hosts_are_folded_and_come_out_again_as_they_were(names: str, folded: str):
    assert hostlist.fold(names.split(",")) == folded
    assert hostlist.expand(folded) == names.split(",")


def test_hosts_are_sorted_by_name_and_number():
    assert hostlist.fold(hostlist.ordered(["b5", "a03", "a01"])) == "a[01,03],b5"
