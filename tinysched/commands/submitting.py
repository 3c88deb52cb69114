"""Leaves a whole request with the user's own agent, and asks the dispatcher for a number.

Imported on the start-up path of tsbatch and sbatch: imports nothing heavy.
"""

from __future__ import annotations

import errno
import posix

from tinysched.commands import asking
from tinysched.commands.console import say
from tinysched.errors import EXIT_DONE, HungUpError, ScriptError, TryLaterError
from tinysched.host import caller
from tinysched.host.agent_start import start
from tinysched.site import Site
from tinysched.spool import outbox
from tinysched.wire.client import Reply, ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

RESTART_S = 5.0
LARGEST_SCRIPT = 4 * 1024 * 1024
TOKEN_BYTES = 16


class TooLargeError(ScriptError):
    """More than anybody may submit."""


def submit(
    site: Site,
    command: str,
    argv: Sequence[str],
    script: bytes,
    *,
    kept: Sequence[tuple[str, bytes]],
    more: Sequence[tuple[str, bytes]] = (),
) -> Reply:
    """Submits a job, starts the user's agent if none is there, and prints the answer.

    `kept`: what its agent is left besides the request, see `of_shell`; nothing for a mere test.
    `more`: further fields of the message.
    Raises: TinyschedError.
    """
    cwd = working_directory()
    token = posix.urandom(TOKEN_BYTES).hex()
    arguments = [asking.raw(word) for word in argv]
    variables = [
        name + b"=" + value
        for name, value in posix.environ.items()
        if name.startswith((b"SBATCH_", b"SLURM_"))
    ]
    files = [
        ("slurm_script", script),
        ("argv", outbox.pack(arguments)),
        ("variables", outbox.pack(variables)),
        ("cwd", cwd),
        ("command", command.encode() + b"\n"),
        *kept,
    ]
    lock = outbox.write(site.root, posix.getuid(), token, files) if kept else -1
    fields = [
        ("command", command.encode()),
        ("token", token.encode()),
        ("cwd", cwd),
        ("script", script),
        *(("arg", word) for word in arguments),
        *(("var", pair) for pair in variables),
        *more,
    ]
    return _hand_in(site, token, lock, fields)


def of_shell(environment: bytes | None = None, umask: int | None = None) -> list[tuple[str, bytes]]:
    """What a job has from the shell that submits it: limits, umask, and its variables.

    `environment`: other variables in their place, NUL after each. `umask`: another than its own.
    Raises: ScriptError.
    """
    if umask is None:
        umask = posix.umask(0o077)
        posix.umask(umask)
    return [
        ("limits", read("/proc/self/limits", "/proc/self/limits")),
        ("environment", caller.environment() if environment is None else environment),
        ("umask", b"%04o\n" % umask),
    ]


def _hand_in(site: Site, token: str, lock: int, fields: list[tuple[str, bytes]]) -> Reply:
    uid = posix.getuid()
    try:
        reply = _ask(site, fields)
    except TryLaterError:
        if lock >= 0:
            posix.close(lock)
        raise
    if reply.exit_code != EXIT_DONE and lock >= 0:
        outbox.remove(site.root, uid, token)
    if lock >= 0:
        outbox.note(lock, reply.values.get("id", b""))
        posix.close(lock)
    try:
        if reply.agent_missing:
            start(site.bin_dir, site.root)
    finally:
        # Not before: an answer that cannot be written must not leave a job without an agent.
        say(reply.err, 2)
        say(reply.out)
    return reply


def _ask(site: Site, fields: list[tuple[str, bytes]]) -> Reply:
    """Asks for a number; if the answer is lost, asks again: by the token it is the same request."""
    try:
        return ask(site, "submit", fields, wait_s=RESTART_S)
    except HungUpError:
        try:
            return ask(site, "submit", fields, wait_s=RESTART_S)
        except TryLaterError:
            raise HungUpError(
                "cannot tell whether the job was accepted: the dispatcher hung up before it"
                " answered",
                "look with tsqueue whether it is there before you submit it again",
            ) from None


def working_directory() -> bytes:
    """Where the caller is. Raises: ScriptError."""
    try:
        return posix.getcwdb()
    except OSError as error:
        raise ScriptError(
            f"cannot tell the working directory: {error.strerror}", "cd to one that exists"
        ) from None


def find(name: str) -> str:
    """Where a script lies: in the working directory, then on PATH. Source: sbatch(1)."""
    if "/" in name or _exists(name):
        return name
    path = posix.environ.get(b"PATH", b"").decode("utf-8", "surrogateescape")
    for folder in path.split(":"):
        if folder and _exists(f"{folder}/{name}"):
            return f"{folder}/{name}"
    return name


def _exists(path: str) -> bool:
    try:
        posix.stat(path)
    except OSError:
        return False
    return True


def read(path: str, called: str) -> bytes:
    """A whole file. Raises: ScriptError."""
    try:
        descriptor = open_file(path)
    except OSError as error:
        raise ScriptError(f"cannot open script {called}: {error.strerror}") from None
    try:
        return drain(descriptor, called)
    finally:
        posix.close(descriptor)


def open_file(path: str) -> int:
    """A FIFO is waited for, as by every command that reads a file its user names."""
    return posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NOCTTY)


def drain(descriptor: int, called: str) -> bytes:
    """All that can be read. Raises: ScriptError."""
    pieces: list[bytes] = []
    size = 0
    while True:
        try:
            piece = posix.read(descriptor, 1 << 16)
        except OSError as error:
            why = "it is a directory" if error.errno == errno.EISDIR else error.strerror
            raise ScriptError(f"cannot read script {called}: {why}") from None
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_SCRIPT:
            raise TooLargeError(
                f"cannot read script {called}: it is larger than {LARGEST_SCRIPT} bytes"
            )
