"""Has atheris look for a text that a parser takes badly, for as long as you like.

Which parsers there are says tests/fuzz/table.py. What is found is a file `crash-...`: its content
becomes a seed in the table, and then a test.

    pip install atheris
    python -m tests.fuzz.target "script/grammar.py split" -max_total_time=60
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("cannot fuzz: atheris is not installed\npip install atheris")

with atheris.instrument_imports(include=["tinysched"]):
    from tests.fuzz.reading import Parser
    from tests.fuzz.table import PARSERS


def main(argv: list[str]) -> None:
    """The first word names the parser; the rest goes to libFuzzer."""
    name = argv[1] if len(argv) > 1 else ""
    if name not in PARSERS:
        sys.exit("\n".join(["cannot fuzz: name one of these parsers", *PARSERS]))
    with tempfile.TemporaryDirectory() as place:
        child = os.fork()  # libFuzzer leaves without a farewell: somebody has to tidy up
        if child == 0:
            fuzz(PARSERS[name], place, argv[2:])
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def fuzz(parser: Parser, place: str, options: list[str]) -> None:
    """Does not come back."""
    corpus, room = Path(place, "corpus"), Path(place, "room")
    for folder in (corpus, room):
        folder.mkdir()
    for number, seed in enumerate(parser.seeds):
        (corpus / str(number)).write_bytes(seed)

    def look(content: bytes) -> None:
        try:
            parser.read(content, str(room))
        except parser.errors:
            return

    atheris.Setup([sys.argv[0], str(corpus), *options], look)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
