"""The shell blocks of a page in docs/: taken out, typed into a shell, compared with what is shown.

A comment before a block says who types it: `<!-- as bob -->`, or why no test can:
`<!-- not run: ... -->`. A block of text right after one that is run is what it prints; in it `...`
stands for anything in a line, or, alone on one, for any lines; what differs from run to run is not
compared. The places a page speaks of are those of the private queue.
"""

from __future__ import annotations

import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.people import REPOSITORY
from tests.e2e.rig import Site
from tests.e2e.user import User

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOTE = re.compile(r"<!-- (as|not run:) ([^>]*?) -->\s*\Z")
_DONE = "@@ this block is done"
# What no two runs have in common, and by what it is replaced on both sides.
_VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d)?"), "TIME"),
    (re.compile(r"\b(elapsed|cpu)_s=[\d.]+"), "SPENT"),
    (re.compile(r"\b(\d+-)?\d+:\d\d(:\d\d)?\b"), "ELAPSED"),
    (re.compile(r"\b(pid|agent)( |=|: *)\d+"), "PID"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "TOKEN"),
    (re.compile(r"\b\d{10}\.\d+\b"), "SECONDS"),
    (re.compile(r"[ \t]+"), " "),
)
SAID_ROOT, SAID_HOST, SAID_UID = "/scratch/bigbox/tiny-scheduler", "bigbox", "1002"


@dataclass(frozen=True)
class Block:
    """One block of commands. `who` '' and `why_not` '' : nobody has said."""

    line: int
    commands: str
    who: str
    why_not: str
    shown: str | None


def blocks(page: str) -> list[Block]:
    """Every shell block of a page, in order."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    fences = list(_FENCE.finditer(text))
    found = []
    for fence, after in zip(fences, [*fences[1:], None], strict=True):
        if fence[1] != "sh":
            continue
        note = _NOTE.search(text[: fence.start()])
        kind, words = (note[1], note[2]) if note else ("", "")
        follows = (
            after is not None
            and after[1] == "text"
            and not text[fence.end() : after.start()].strip()
        )
        found.append(
            Block(
                line=text.count("\n", 0, fence.start()) + 1,
                commands=fence[2],
                who=words if kind == "as" else "",
                why_not=words if kind == "not run:" else "",
                shown=after[2] if after is not None and follows else None,
            )
        )
    return found


class Shell:
    """A shell that stays: what one block sets, the next one finds."""

    def __init__(self, user: User, called: str) -> None:
        self._user = user
        self._called = called
        variables = {"TJS_ROOT": str(user.site.root)}
        pipe = subprocess.PIPE
        self._bash = user.start(
            "bash", "--norc", "-eu", stdin=pipe, stderr=subprocess.STDOUT, env=variables
        )
        self._script = user.home / "block"

    def type(self, block: Block) -> str:
        """Run a block to its end; fails if one of its commands does."""
        commands = block.commands
        for real, said in self._places()[:3]:
            commands = commands.replace(said, real)
        self._script.write_text(commands)
        bash = self._bash
        assert bash.stdin is not None
        assert bash.stdout is not None
        bash.stdin.write(f". {self._script} </dev/null\necho '{_DONE}'\n")
        bash.stdin.flush()
        heard = []
        for line in bash.stdout:
            if line.rstrip("\n") == _DONE:
                return "".join(heard)
            heard.append(line)
        raise AssertionError(
            f"line {block.line}: a command fails\n{block.commands}\n{''.join(heard)}"
            f"\n{self._user.site.report()}"
        )

    def plain(self, text: str) -> str:
        """A text without what differs from run to run, in the words of the page."""
        user = self._user
        for real, said in self._places():
            text = text.replace(real, said)
        # A user of a test has no account: name and uid are one and the same.
        for real in (user.name, str(user.person.uid), SAID_UID):
            text = re.sub(rf"\b{re.escape(real)}\b", self._called, text)
        text = re.sub(rf"\b{re.escape(socket.gethostname().split('.')[0])}\b", SAID_HOST, text)
        for pattern, word in _VOLATILE:
            text = pattern.sub(word, text)
        return "\n".join(line.strip() for line in text.strip().splitlines())

    def _places(self) -> list[tuple[str, str]]:
        """Where things are in truth, and where a page says they are."""
        user = self._user
        return [
            (str(user.site.root), SAID_ROOT),
            (str(user.site.bin), "/shared/bin"),
            (user.site.choices.prefix, "/shared/lib/tinysched"),
            (str(user.here), f"/home/{self._called}"),
            (f"u{user.person.uid}", f"u{SAID_UID}"),
        ]

    def close(self) -> None:
        """End the shell."""
        assert self._bash.stdin is not None
        self._bash.stdin.close()
        self._bash.wait(20)
        assert self._bash.stdout is not None
        self._bash.stdout.close()


def agrees(shown: str, printed: str) -> bool:
    """Whether a plain text is what a page shows, where `...` alone on a line is anything."""
    pattern = re.sub(
        r"^\\\.\\\.\\\.\\\n", "(?:.*\n)*?", re.escape(shown + "\n"), flags=re.MULTILINE
    )
    pattern = pattern.replace(re.escape("..."), ".*")
    return re.fullmatch(pattern, printed + "\n") is not None


def walk(page: str, site: Site, people: dict[str, User]) -> None:
    """Type every block of a page that can be run; each must print what the page shows."""
    shells: dict[str, Shell] = {}
    try:
        for block in blocks(page):
            if block.why_not:
                continue
            assert block.who in people, f"{page} line {block.line}: nobody is said to type it"
            if block.who not in shells:
                shells[block.who] = Shell(people[block.who], block.who)
            shell = shells[block.who]
            printed = shell.type(block)
            if block.shown is not None:
                shown, got = shell.plain(block.shown), shell.plain(printed)
                assert agrees(shown, got), (
                    f"{page} line {block.line} shows\n{shown}\n\nbut this is printed:\n{got}\n"
                    f"\n(as it came:\n{printed})"
                )
    finally:
        for shell in shells.values():
            shell.close()


def paths_named(page: str) -> list[str]:
    """Files of this repository that a page names in backquotes, as `tinysched/x.py`."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return sorted(
        set(re.findall(r"`((?:tinysched|tests|conf|contrib|docs|installer)/[\w./]+)`", text))
    )


def links(page: str) -> list[str]:
    """Where a page leads inside this repository."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    return sorted({link for link in found if "://" not in link})


def missing(page: str) -> list[str]:
    """What a page names or leads to that is not there."""
    here = (REPOSITORY / page).parent
    lost = [path for path in paths_named(page) if not (REPOSITORY / path).exists()]
    return lost + [link for link in links(page) if not Path(here, link).exists()]
