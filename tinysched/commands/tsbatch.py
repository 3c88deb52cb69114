"""`tsbatch`: leaves the whole request with the user's own agent, and asks the dispatcher for an id.

Imports nothing heavy on its ordinary path.
"""

from __future__ import annotations

import errno
import posix

from tinysched.commands import asking
from tinysched.commands.console import say, say_error
from tinysched.errors import (
    EXIT_DONE,
    HungUpError,
    ScriptError,
    SpoolError,
    TryLaterError,
    UsageError,
)
from tinysched.host import caller
from tinysched.host.agent_start import shell_facts, start
from tinysched.script import grammar, options
from tinysched.site import Site
from tinysched.spool import outbox
from tinysched.wire.client import Reply, ask

RESTART_S = 5.0
LARGEST_SCRIPT = 4 * 1024 * 1024
TOKEN_BYTES = 16
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
    cwd = _cwd()
    token = posix.urandom(TOKEN_BYTES).hex()
    arguments = [asking.raw(word) for word in argv]
    variables = [
        name + b"=" + value
        for name, value in posix.environ.items()
        if name.startswith((b"SBATCH_", b"SLURM_"))
    ]
    is_test = "test-only" in names
    limits = b"" if is_test else _read("/proc/self/limits", "/proc/self/limits")
    files = [
        ("slurm_script", script),
        ("argv", outbox.pack(arguments)),
        ("variables", outbox.pack(variables)),
        ("cwd", cwd),
        ("limits", limits),
        ("command", b"tsbatch\n"),
    ]
    lock = -1 if is_test else _store(site, token, files)
    fields = [
        ("command", b"tsbatch"),
        ("token", token.encode()),
        ("cwd", cwd),
        ("script", script),
        *(("arg", word) for word in arguments),
        *(("var", pair) for pair in variables),
    ]
    return _submit(site, token, lock, fields, limits)


def _submit(
    site: Site, token: str, lock: int, fields: list[tuple[str, bytes]], limits: bytes
) -> int:
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
    if reply.exit_code == EXIT_DONE and limits:
        _compare_with_agent(site, limits, reply.agent_missing)
    return reply.exit_code


def _ask(site: Site, fields: list[tuple[str, bytes]]) -> Reply:
    """Asks for a number; if the answer is lost, asks again: by the token it is the same request."""
    try:
        return ask(site, "submit", fields, wait_s=RESTART_S)
    except HungUpError:
        try:
            return ask(site, "submit", fields, wait_s=RESTART_S)
        except TryLaterError:
            raise TryLaterError(
                "cannot tell whether the job was accepted: the dispatcher hung up before it"
                " answered",
                "look with tsqueue whether it is there before you submit it again",
            ) from None


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


def _store(site: Site, token: str, files: list[tuple[str, bytes]]) -> int:
    umask = posix.umask(0o077)
    posix.umask(umask)
    files = [*files, ("environment", caller.environment()), ("umask", b"%04o\n" % umask)]
    return outbox.write(site.root, posix.getuid(), token, files)


def _cwd() -> bytes:
    try:
        return posix.getcwdb()
    except OSError as error:
        raise ScriptError(
            f"cannot tell the working directory: {error.strerror}", "cd to one that exists"
        ) from None


def _script(wrapped: str | None, rest: list[str]) -> bytes:
    """The script: from --wrap, from the file that is named, or from stdin."""
    if wrapped is not None:
        if rest:
            raise UsageError(
                f"cannot submit {rest[0]}: --wrap is the whole script, it takes no other"
            )
        return options.wrapped(wrapped)
    if not rest:
        return _drain(0, "stdin")
    return _read(_find(rest[0]), rest[0])


def _find(name: str) -> str:
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


def _read(path: str, called: str) -> bytes:
    try:
        # A FIFO is waited for, as by every command that reads a file its user names.
        descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NOCTTY)
    except OSError as error:
        raise ScriptError(f"cannot open script {called}: {error.strerror}") from None
    try:
        return _drain(descriptor, called)
    finally:
        posix.close(descriptor)


def _drain(descriptor: int, called: str) -> bytes:
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
            raise ScriptError(
                f"cannot read script {called}: it is larger than {LARGEST_SCRIPT} bytes"
            )
