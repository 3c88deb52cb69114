"""sinfo's command line: what it asks for, and what is wrong with it in Slurm's words."""

from __future__ import annotations

import pytest

from tinysched.errors import VerbatimError
from tinysched.job.nodelisting import NodeListing, View
from tinysched.script.slurm.sinfo import read
from tinysched.script.slurm.sinfo_options import SINFO


def asked(*argv: str, **variables: str) -> NodeListing:
    return read(argv, variables)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], NodeListing()),
        (["stray", "words"], NodeListing()),
        (["-a", "-e", "-r", "-v", "--hide", "--local", "--federation"], NodeListing()),
        (["--noconvert"], NodeListing()),
        (["-N"], NodeListing(view=View.NODES)),
        (["-s", "-N", "-R"], NodeListing(view=View.SUMMARY, has_reason=True)),
        (["-R", "-N"], NodeListing(view=View.NODES, has_reason=True)),
        (["-R"], NodeListing(view=View.REASONS, has_reason=True)),
        (["-l"], NodeListing(is_long=True, is_dated=True)),
        (["-i", "5"], NodeListing(is_dated=True)),
        (["-hl"], NodeListing(is_long=True, header=False)),
        (["-T"], NodeListing(reservations=True)),
        (["-d"], NodeListing(is_dead=True)),
        (["-o", "%N"], NodeListing(letters="%N")),
        (["-o", "%N", "-O", "cpus"], NodeListing(words="cpus")),
        (["-S", "-P", "--json"], NodeListing(sort="-P", json=True)),
        (["-M", "all"], NodeListing(clusters="all")),
        (["-p", "a,,b"], NodeListing(partitions=frozenset("ab"))),
        (["-p", ""], NodeListing(partitions=frozenset())),
        (["-p", "a", "-p", "b"], NodeListing(partitions=frozenset("b"))),
        (["-n", "n[1-2],m,"], NodeListing(hosts=frozenset({"n1", "n2", "m"}))),
        (["-n", "n["], NodeListing(hosts=frozenset())),
        (["-t", "ALL"], NodeListing()),
        (["-t", ""], NodeListing(states=())),
    ],
)
def test_it_is_read_as_slurm_reads_it(argv: list[str], expected: NodeListing):
    assert asked(*argv) == expected


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("idle", [{"idle"}]),
        ("MIX,alloc", [{"mixed"}, {"allocated"}]),
        ("id,al", [{"idle"}, {"allocated"}]),
        ("drain&mix", [{"drain", "mixed"}]),
        ("drng,resv,npc", [{"draining"}, {"reserved"}, {"perfctrs"}]),
        ("plnd,futr", [{"planned"}, {"future"}]),
        ("drained", [{"drained"}]),
        ("unk", [{"unknown"}]),
    ],
)
def test_states_may_be_cut_and_joined(text: str, states: list[set[str]]):
    assert asked("-t", text).states == tuple(map(frozenset, states))


def test_variables_stand_for_options_that_are_not_given():
    assert asked(SINFO_FORMAT="%N").letters == "%N"
    assert asked("-l", SINFO_FORMAT="%N").letters == "%N"
    assert asked("-N", SINFO_FORMAT="%N").letters is None
    assert asked("-O", "cpus", SINFO_FORMAT="%N").letters is None
    assert asked(SINFO_PARTITION="a").partitions == {"a"}
    assert asked("-a", SINFO_PARTITION="a").partitions is None
    assert asked("-p", "b", SINFO_PARTITION="a", SINFO_ALL="1").partitions == {"b"}
    assert asked(SINFO_SORT="-P").sort == "-P"
    assert asked("-S", "P", SINFO_SORT="-P").sort == "P"
    assert asked(SLURM_TIME_FORMAT="relative").time_style == "relative"


@pytest.mark.parametrize(
    ("argv", "variables", "text"),
    [
        (["-x"], {}, "sinfo: invalid option -- 'x'\nTry \"sinfo --help\" for more information\n"),
        (["-b"], {}, "sinfo: invalid option -- 'b'\nTry \"sinfo --help\" for more information\n"),
        (["-i", "x"], {}, "sinfo: error: Error: invalid entry for --iterate=x\n"),
        (["-i", "0"], {}, "sinfo: error: Error: invalid entry for --iterate=0\n"),
        (
            ["--no"],
            {},
            "sinfo: option '--no' is ambiguous; possibilities: '--nodes' '--noconvert'"
            " '--noheader'\nTry \"sinfo --help\" for more information\n",
        ),
        (["--yaml"], {}, "sinfo: error: --yaml is not supported: use --json\n"),
        (
            ["-a", "-p", "x"],
            {},
            "sinfo: error: Conflicting options, -a and -p, specified."
            " Please choose one or the other.\n",
        ),
        (
            [],
            {"SINFO_ALL": "", "SINFO_PARTITION": "x"},
            "sinfo: error: Conflicting options, SINFO_ALL and SINFO_PARTITION, specified."
            " Please choose one or the other.\n",
        ),
        *(
            (
                ["-l", option, "x"],
                {},
                "sinfo: fatal: Options -o(--format) and -l(--long) are mutually exclusive."
                " Please remove one and retry.\n",
            )
            for option in ("-o", "-O")
        ),
    ],
)
def test_mistakes_are_told_in_slurms_words(argv: list[str], variables: dict[str, str], text: str):
    with pytest.raises(VerbatimError) as refused:
        read(argv, variables)
    assert (refused.value.text, refused.value.exit_code) == (text, 1)


@pytest.mark.parametrize("word", ["foo", "failing", "idle&foo", " idle", "idle&"])
def test_an_unknown_state_is_told_with_all_that_are_known(word: str):
    with pytest.raises(VerbatimError) as refused:
        asked("-t", f"idle,{word}")
    first, second = refused.value.text.splitlines()
    assert first == f'sinfo: error: Bad state string: "{word.rpartition("&")[2]}"'
    assert second.startswith("sinfo: error: valid states: unknown,down,idle,allocated,?,mixed,")


def test_every_option_says_what_it_is_for():
    assert all(option.help for option in SINFO)
