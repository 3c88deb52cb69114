"""Whatever anybody writes: it is read, or refused with the room's own error, and in time."""

from __future__ import annotations

import ast
import random
import re
import time  # noqa: TID251 -- of the processor: what a text costs
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.mutations import STRANGE, mutated
from tests.fuzz.reading import Parser
from tests.fuzz.table import NO_PARSERS, PARSERS

PACKAGE = Path(__file__).parents[2] / "tinysched"
PARSES = re.compile(r"(parse|read|split|load|decode|unpack|expand|resolve|translate)(_|$)")
# Seconds of the processor for as many bytes. What takes time in the square of its text takes
# minutes for a text as long as a message may be; this is where it shows, and nothing else does.
ENOUGH_S = 4.0
LONG = 20_000


def functions() -> Iterator[str]:
    """Every public function that is called like a parser, with its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            inside = node.body if isinstance(node, ast.ClassDef) else [node]
            prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            for one in inside:
                if isinstance(one, ast.FunctionDef) and not prefix.startswith("_"):
                    yield f"{path.relative_to(PACKAGE)} {prefix}{one.name}"


def test_no_parser_is_forgotten() -> None:
    """Whoever adds one adds it to the table, with texts that make sense, or says why it is none."""
    found = {name for name in functions() if PARSES.match(name.split(" ")[1].split(".")[-1])}
    assert sorted(found - PARSERS.keys() - NO_PARSERS.keys()) == []
    assert sorted((PARSERS.keys() | NO_PARSERS.keys()) - set(functions())) == []


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("fuzz"))


@pytest.mark.parametrize("name", PARSERS)
def test_what_makes_sense_is_read(name: str, place: str) -> None:
    parser = PARSERS[name]
    assert parser.seeds
    if parser.errors:
        assert any(is_read(parser, seed, place) for seed in parser.seeds)


def is_read(parser: Parser, content: bytes, place: str) -> bool:
    try:
        parser.read(content, place)
    except parser.errors:
        return False
    return True


@pytest.mark.parametrize("name", PARSERS)
@given(st.data())
def test_anything_is_read_or_refused_by_the_rooms_own_error(
    name: str, place: str, data: st.DataObject
) -> None:
    parser = PARSERS[name]
    near = st.randoms(use_true_random=False).map(lambda chance: mutated(parser.seeds, chance))
    is_read(parser, data.draw(near | st.binary(max_size=60)), place)


@pytest.mark.soak
@pytest.mark.parametrize("name", PARSERS)
def test_anything_near_to_sense_is_read_or_refused(name: str, place: str, soak: int) -> None:
    parser = PARSERS[name]
    for number in range(20 * soak):
        content = mutated(parser.seeds, random.Random(f"{name} {number}"))
        assert is_read(parser, content, place) in (True, False), number


def long_texts(seeds: tuple[bytes, ...], length: int) -> Iterator[bytes]:
    """The same over and over again: alone, and in the midst of what makes sense."""
    for piece in (*STRANGE[1:26], *seeds):
        many = piece * (length // len(piece) + 1)
        yield many
        seed = seeds[0]
        middle = len(seed) // 2
        yield seed[:middle] + many + seed[middle:]
    yield b"-" + b"H" * length
    yield b"#!/bin/sh\n" + b"#SBATCH -H\n" * (length // 11)


@pytest.mark.soak
@pytest.mark.parametrize("name", PARSERS)
def test_no_text_takes_time_in_the_square_of_its_length(name: str, place: str, soak: int) -> None:
    parser = PARSERS[name]
    length = min(LONG * soak, parser.longest)
    slowest = (0.0, b"")
    for content in long_texts(parser.seeds, length):
        began_at = time.process_time()
        is_read(parser, content, place)
        slowest = max(slowest, (time.process_time() - began_at, content[:60]))
    assert slowest[0] < ENOUGH_S * max(1, length / LONG / 10), slowest
