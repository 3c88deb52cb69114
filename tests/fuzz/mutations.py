"""Texts that nearly make sense: what makes sense, cut, doubled, mixed and made strange."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from tinysched.wire.fields import HEADER, pack, unpack

STRANGE = (
    b"", b"\0", b"\xff\xfe", b"\n", b"\r\n", b" ", b"\t", b"'", b'"', b"\\", b"%", b",", b":", b"-",
    b"_", b"=", b"#", b"[", b"]", b"{", b"}", b"null", b"-1", b"0", b"1e400", b"nan", b"9" * 25,
    b"9" * 5000, "\u0663\u00b2\u2028\ufeff".encode(), b"\xed\xa0\x80", b"../..", b"true", b"[[[[",
)  # fmt: skip


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the seeds, changed in a few places."""
    found = chance.choice(seeds)
    for _ in range(chance.randrange(5)):
        found = _changed(found, seeds, chance)
    return found


def _changed(found: bytes, seeds: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randint(0, len(found))
    end = min(len(found), start + chance.choice((0, 1, 1, 2, 4, 16, len(found))))
    other = chance.choice(seeds)
    at = chance.randint(0, len(other))
    new = chance.choice(
        (
            chance.choice(STRANGE),
            bytes([chance.randrange(256)]),
            chance.randbytes(chance.randrange(6)),
            found[start:end] * chance.choice((2, 3, 50)),
            other[at : at + chance.randrange(20)],
        )
    )
    return found[:start] + new + found[end:]


def mutated_frame(frames: Sequence[bytes], chance: random.Random) -> bytes:
    """A message that is one, with other values, fields or verbs; now and then not even that."""
    if chance.random() < 0.2:
        return mutated(frames, chance)
    verb, fields = unpack(chance.choice(frames)[HEADER:])
    if chance.random() < 0.1:
        verb = unpack(chance.choice(frames)[HEADER:])[0]
    values = [value for _, value in fields] + [b"1", b"1.1", b"2_3.1", b"0:9"]
    for _ in range(chance.randrange(4)):
        if not fields:
            break
        at = chance.randrange(len(fields))
        name, value = fields[at]
        fields[at : at + 1] = chance.choice(
            (
                [],
                [(name, value), (name, value)],
                [(name, mutated(values, chance))],
                [(name, chance.choice(STRANGE))],
                [(name, chance.choice(values))],
            )
        )
    return pack(verb, fields)


def pieces(stream: bytes, chance: random.Random) -> Iterator[bytes]:
    """A stream cut anywhere."""
    while stream:
        size = chance.choice((1, 3, 7, 100, 10_000, 10**9))
        yield stream[:size]
        stream = stream[size:]
