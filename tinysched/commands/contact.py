"""How Slurm's own commands ask the dispatcher: words and variables as they are, answers as sent.

Imported on the start-up path of squeue, scancel and their like: imports nothing heavy.
"""

from __future__ import annotations

import posix

from tinysched.commands import asking
from tinysched.errors import NoAccessError, TryLaterError, VerbatimError
from tinysched.site import Site
from tinysched.wire import client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

UNREACHABLE = "Unable to contact slurm controller (connect failure)"


def ask(
    site: Site,
    name: str,
    argv: Sequence[str],
    failure: str,
    more: Sequence[tuple[str, bytes]] = (),
) -> client.Reply:
    """What the dispatcher answers to one of Slurm's commands; `more` are further fields.

    `failure` begins the sentence if there is none. Raises: VerbatimError.
    """
    own = name.upper().encode() + b"_"
    fields = [("command", name.encode())]
    fields += [("arg", asking.raw(word)) for word in argv]
    fields += [
        ("var", variable + b"=" + value)
        for variable, value in posix.environ.items()
        if variable.startswith((own, b"SLURM_"))
    ]
    fields += more
    try:
        return client.ask(site, name, fields, asking.RESTART_S)
    except NoAccessError as error:
        raise VerbatimError(f"{failure}{error.sentence}\n") from None
    except TryLaterError:
        raise VerbatimError(f"{failure}{UNREACHABLE}\n") from None


def run(site: Site, name: str, argv: Sequence[str], failure: str) -> int:
    """Asks, and prints what comes."""
    return asking.deliver(site, name, ask(site, name, argv, failure))
