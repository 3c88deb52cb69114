"""`tsbatch`: leaves the whole request with the user's own agent, and asks the dispatcher for an id.

Imports nothing heavy on its ordinary path.
"""

from __future__ import annotations

import posix

from tinysched.commands import asking, submitting
from tinysched.commands.console import say, say_error
from tinysched.errors import EXIT_DONE, SpoolError, UsageError
from tinysched.host.agent_start import shell_facts
from tinysched.script import grammar, options
from tinysched.site import Site
from tinysched.spool import outbox

NOT_NICED = b"nice 0\n"


def main(site: Site, argv: list[str]) -> int:
    """Submits one job."""
    chosen, rest = grammar.split(options.TSBATCH, argv, "tsbatch", stop_at_word=True)
    text = asking.help_text("tsbatch", argv)
    if text is not None:
        say(text.encode())
        return EXIT_DONE
    names = {option.name: value for option, value in chosen}
    script = _script(names.get("wrap"), rest)
    kept = [] if "test-only" in names else submitting.of_shell()
    reply = submitting.submit(site, "tsbatch", argv, script, kept=kept)
    if reply.exit_code == EXIT_DONE and kept:
        _compare_with_agent(site, dict(kept)["limits"], reply.agent_missing)
    return reply.exit_code


def _compare_with_agent(site: Site, limits: bytes, starts_here: bool) -> None:
    """Says what of this shell the job will not have; costs next to nothing if it has all."""
    mine = shell_facts(limits)
    try:
        theirs = mine if starts_here else outbox.agent_shell(site.root, posix.getuid())
    except SpoolError:
        return
    if theirs is None or (theirs.startswith(NOT_NICED) and _same_but_for_nice(mine, theirs)):
        return
    from tinysched.commands import shellnotice

    notice = shellnotice.notice_of_start(mine) if starts_here else shellnotice.notice(mine, theirs)
    if notice:
        say_error(f"tsbatch: notice: {notice}\n")


def _same_but_for_nice(mine: bytes, theirs: bytes) -> bool:
    """The same but for the nice value: jobs do not take that of the shell, as in Slurm."""
    return mine.partition(b"\n")[2] == theirs.partition(b"\n")[2]


def _script(wrapped: str | None, rest: list[str]) -> bytes:
    """The script: from --wrap, from the file that is named, or from stdin."""
    if wrapped is not None:
        if rest:
            raise UsageError(
                f"cannot submit {rest[0]}: --wrap is the whole script, it takes no other"
            )
        return options.wrapped(wrapped)
    if not rest:
        return submitting.drain(0, "stdin")
    return submitting.read(submitting.find(rest[0]), rest[0])
