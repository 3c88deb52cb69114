"""What #PBS and #BSUB lines ask for, in terms of sbatch's own options.

Source: sbatch(1) --ignore-pbs; what a Slurm makes of each letter was looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tinysched.errors import VerbatimError
from tinysched.script.slurm.refusals import refusal

_PBS = {
    **dict.fromkeys("aAcCeJjklmMNopqrStuvW", "value"),
    **dict.fromkeys("hIVz", "nothing"),
}
_BSUB = {**dict.fromkeys("ceJmMnoqW", "value"), "x": "nothing"}
_PBS_OPTIONS = {
    **{"a": "begin", "A": "account", "e": "error", "J": "array", "t": "array"},
    **{"M": "mail-user", "N": "job-name", "o": "output", "p": "nice", "q": "partition"},
    "h": "hold",
}
_BSUB_OPTIONS = {
    **{"c": "time", "e": "error", "J": "job-name", "m": "nodelist", "n": "ntasks"},
    **{"o": "output", "q": "partition", "W": "time", "x": "exclusive"},
}
_RESOURCES = {
    **{"walltime": "time", "cput": "time", "mem": "mem", "nice": "nice", "file": "tmp"},
    **{"mpiprocs": "ntasks-per-node", "ncpus": "mincpus", "proc": "constraint"},
}
_MAIL = {"b": "BEGIN", "e": "END", "a": "FAIL"}

Found = Iterator[tuple[str, str]]


def pbs(words: Sequence[str]) -> Found:
    """Options of sbatch, by long name, with their values.

    Raises: VerbatimError.
    """
    for letter, value in _letters(words, _PBS):
        if letter in _PBS_OPTIONS:
            yield _PBS_OPTIONS[letter], value
        elif letter == "l":
            yield from _resources(value)
        elif letter == "m":
            events = [event for mark, event in _MAIL.items() if mark in value]
            yield "mail-type", ",".join(events) or "NONE"
        elif letter == "W":
            name, _, wanted = value.partition("=")
            if name == "depend":
                yield "dependency", wanted


def bsub(words: Sequence[str]) -> Found:
    """The same for #BSUB lines. Raises: VerbatimError."""
    for letter, value in _letters(words, _BSUB):
        if letter in _BSUB_OPTIONS:
            yield _BSUB_OPTIONS[letter], value


def _letters(words: Sequence[str], takes: dict[str, str]) -> Found:
    coming = iter(words)
    for word in coming:
        if word.startswith("--"):
            raise _mistake(f"unrecognized option '{word}'")
        if not word.startswith("-") or word == "-":
            raise refusal(f"Invalid argument: {word}")
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter not in takes:
                raise _mistake(f"invalid option -- '{letter}'")
            value = ""
            if takes[letter] == "value":
                value = letters or next(coming, "")
                letters = ""
                if not value:
                    raise _mistake(f"option requires an argument -- '{letter}'")
            yield letter, value


def _mistake(words: str) -> VerbatimError:
    return VerbatimError(f"sbatch: {words}\nsbatch: error: Unrecognized command line parameter ?\n")


def _resources(text: str) -> Found:
    """`-l nodes=1:ppn=4,walltime=1:00:00`."""
    for item in text.split(","):
        name, _, value = item.partition("=")
        if name == "nodes":
            yield from _nodes(value)
        elif name in ("naccelerators", "accelerator"):
            count = "1" if value.lower() in ("true", "") else value
            yield "gres", f"gpu:{count}"
        elif name in _RESOURCES and value:
            yield _RESOURCES[name], value


def _nodes(text: str) -> Found:
    """`1:ppn=4`, and names of hosts, which are asked for by name."""
    names: list[str] = []
    for item in text.split("+"):
        first, *further = item.split(":")
        if re.fullmatch(r"\d+", first, re.ASCII):
            yield "nodes", first
        elif first:
            names.append(first)
        for piece in further:
            if piece.startswith("ppn="):
                yield "ntasks-per-node", piece[4:]
    if names:
        yield "nodelist", ",".join(names)
