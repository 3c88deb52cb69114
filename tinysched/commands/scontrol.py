"""scontrol: shows and changes jobs as Slurm does.

The ordinary path imports nothing heavy.
"""

from __future__ import annotations

from tinysched.commands import asking, console, contact
from tinysched.script.slurm.scontrol_options import KEYWORDS
from tinysched.site import Site

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinysched.wire.client import Reply

NAME = "scontrol"
# What the dispatcher does not do alone, or not at all.
OWN = (
    *("all", "cluster", "details", "errnumstr", "exit", "help", "hide", "oneliner", "ping"),
    *("quiet", "quit"),
    *("verbose", "version", "wait_job", "write", "show host"),
)
_FAILURES = {"j": "jobs", "n": "node", "p": "partitions", "c": "ctl_conf", "s": "job_steps"}


def main(site: Site, argv: list[str]) -> int:
    """One order; without any, those that stdin holds."""
    if asking.wants_text(argv) or any(word[:5] == "--usa" or word == "-h" for word in argv):
        from tinysched.commands import manual
        from tinysched.commands.manuals import SCONTROL

        text = manual.asked(SCONTROL, argv)
        if text is not None:
            console.say(text.encode())
            return 0
    words = [word for word in argv if word[:1] != "-"]
    if not words:
        from tinysched.commands import controlling

        return controlling.converse(site, argv)
    return obey(site, argv, words)


def obey(site: Site, argv: Sequence[str], words: Sequence[str]) -> int:
    """One order; `words`: without the options."""
    if keyword(words) in OWN:
        from tinysched.commands import controlling

        return controlling.obey(site, argv)
    reply = ask(site, argv, words)
    if "own" in reply.values:
        from tinysched.commands import ownwords

        ownwords.write(site, reply.values["own"])
        reply = ask(site, argv, words, [("written", b"1")])
    if "arguments" in reply.values:
        from tinysched.commands import ownwords

        reply = ownwords.filled_in(site, reply)
    return asking.deliver(site, NAME, reply)


def ask(
    site: Site,
    argv: Sequence[str],
    words: Sequence[str],
    more: Sequence[tuple[str, bytes]] = (),
) -> Reply:
    """What the dispatcher answers."""
    fields = [("root", asking.raw(site.root)), *more]
    return contact.ask(site, NAME, argv, failure(words), fields)


def keyword(words: Sequence[str]) -> str:
    """The first word in full; `show host` for what is shown without a dispatcher."""
    first = words[0].lower()
    for name, least, _help in KEYWORDS:
        if len(first) >= least and name[: len(first)] == first:
            is_host = name == "show" and words[1:] and words[1][:4].lower() == "host"
            return "show host" if is_host else name
    return ""


def failure(words: Sequence[str]) -> str:
    """How the sentence begins that nobody answers."""
    if keyword(words) == "show" and len(words) > 1:
        return f"slurm_load_{_FAILURES.get(words[1][:1].lower(), 'jobs')} error: "
    return "slurm_update error: "
