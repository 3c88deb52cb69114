"""House rules that no linter knows: sizes, names of files, exceptions that must carry a reason.

Run by tests/run; prints one line for each breach and exits 1 if there is one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
WANTED_LINES = 300
MOST_LINES = 400

# A file may pass 400 lines only here, and only with its reason.
LARGE: dict[str, str] = {"tests/fuzz/table.py": "one table: an entry for each parser"}

VAGUE = {"utils", "util", "helpers", "manager", "handler", "common", "core", "base", "data", "info"}
EXCEPTION = re.compile(
    r"#\s*(?P<what>noqa|type:\s*ignore|pragma: no cover)"
    r"(?:\[[^\]]*\]|:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?(?P<rest>.*)$"
)


def sources() -> Iterator[Path]:
    """Every Python file of ours."""
    for top in ("install.py", "installer", "tinysched", "tests", "contrib"):
        place = REPOSITORY / top
        yield from [place] if place.is_file() else sorted(place.rglob("*.py"))


def breaches(path: Path) -> Iterator[str]:
    """What is wrong with one file, in words."""
    name = str(path.relative_to(REPOSITORY))
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > MOST_LINES and name not in LARGE:
        yield f"{name}: {len(lines)} lines; over {MOST_LINES} needs a reason in tests/house.py"
    if path.stem in VAGUE:
        yield f"{name}: a name that says nothing; call it by what it does"
    for number, line in enumerate(lines, 1):
        found = EXCEPTION.search(line)
        if found and len(re.findall(r"\w", found["rest"])) < 8 and path.name != "house.py":
            yield f"{name}:{number}: '{found['what']}' without its reason on the same line"


def main() -> int:
    """Look at all files; files between the wanted and the allowed size are only named."""
    found = [breach for path in sources() for breach in breaches(path)]
    for path in sources():
        count = len(path.read_text(encoding="utf-8").splitlines())
        if WANTED_LINES < count <= MOST_LINES:
            tell(f"note: {path.relative_to(REPOSITORY)}: {count} lines; {WANTED_LINES} are wanted")
    for breach in found:
        tell(breach)
    return 1 if found else 0


def tell(words: str) -> None:
    """One line for the reader of the check."""
    sys.stdout.write(words + "\n")


if __name__ == "__main__":
    sys.exit(main())
