"""sacct, tsacct: what became of jobs, and what they took, as Slurm tells it.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import asking, console, contact
from tinysched.errors import VerbatimError
from tinysched.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "sacct"
FAILURE = "sacct: error: "
# So many stretches of numbers are asked about at a time.
AT_ONCE = 500


def main(site: Site, argv: list[str]) -> int:
    """Prints the dispatcher's listing, which comes in pieces if it is long."""
    text = _manual(argv) if _may_ask(argv) else None
    if text is not None:
        console.say(text.encode())
        return 0
    more: list[tuple[str, bytes]] = []
    waiting: list[bytes] = []  # what is still to be told of, the last first
    while True:
        reply = contact.ask(site, NAME, argv, FAILURE, more)
        code = asking.deliver(site, NAME, reply)
        waiting += reply.values.get("rest", b"").split(b",")[::-1] if "rest" in reply.values else []
        if code or not waiting:
            return code
        next_ones = [waiting.pop() for _ in range(min(len(waiting), AT_ONCE))]
        more = [
            ("rest", b",".join(next_ones)),
            ("more", b"1" if waiting else b"0"),
            ("found", reply.values.get("found", b"0")),
        ]


def _may_ask(argv: Sequence[str]) -> bool:
    """Whether the words may ask for help; for certain only the grammar knows."""
    if asking.wants_text(argv):
        return True
    shorts = (word for word in argv if word[:1] == "-" and word[1:2] != "-")
    return any("h" in word for word in shorts) or any(word[:5] == "--usa" for word in argv)


def _manual(argv: Sequence[str]) -> str | None:
    from tinysched.commands import manual
    from tinysched.commands.manuals import SACCT

    try:
        return manual.asked(SACCT, argv)
    except VerbatimError:  # the dispatcher has the words for it
        return None
