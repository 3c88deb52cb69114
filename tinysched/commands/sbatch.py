"""sbatch: submits a script as Slurm does, and waits for its end if asked to.

Imports nothing heavy on its ordinary path.
"""

from __future__ import annotations

import posix
import time  # noqa: TID251 - loaded by every interpreter anyhow; only to wait between two questions

from tinysched.commands import console, submitting
from tinysched.commands.contact import UNREACHABLE
from tinysched.errors import (
    EXIT_DONE,
    EXIT_REFUSED,
    HungUpError,
    NoAccessError,
    TryLaterError,
    VerbatimError,
)
from tinysched.script.grammar import has
from tinysched.script.slurm import batchscript, getopt
from tinysched.script.slurm.refusals import (
    EXIT_SYNTAX,
    FAILED,
    refusal,
    submission_failed,
    too_long,
)
from tinysched.script.slurm.sbatch_options import SBATCH, check_words, wrapped
from tinysched.site import Site
from tinysched.wire import client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinysched.script.grammar import Option

NAME = "sbatch"
# Of a file's mode: what kind it is; a directory is read as an empty script.
KIND = 0o170000
FOLDER = 0o040000
FILE = 0o100000
TEXTS = ("help", "usage", "version")
# How often an end is asked for: often at first, then once a second.
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


def main(site: Site, argv: list[str]) -> int:
    """Submits one job."""
    try:
        typed, rest = getopt.split(SBATCH, argv, NAME, exit_code=EXIT_SYNTAX, stop_at_word=True)
        if any(has(typed, name) for name in TEXTS):
            return _text(argv, rest)
        check_words(typed, rest)
        script, path = _script(typed, rest)
        batchscript.check(script)
    except VerbatimError:
        from tinysched.commands import closerlook

        closerlook.check_line(argv)  # its mistakes come first
        raise
    variables = _variables(typed, script, rest)
    kept = [] if has(typed, "test-only") else submitting.of_shell(variables, _umask())
    more = [("path", path.encode("utf-8", "surrogateescape"))]
    try:
        reply = submitting.submit(site, NAME, argv, script, kept=kept, more=more)
    except (HungUpError, NoAccessError) as error:
        raise submission_failed(error.sentence) from None
    except TryLaterError:
        raise submission_failed(UNREACHABLE) from None
    if reply.exit_code == EXIT_REFUSED and FAILED.encode() in reply.err:
        return _exit_code_wanted()
    if reply.exit_code == EXIT_DONE and reply.values.get("wait") == b"1":
        return _wait(site, reply.values["id"])
    return reply.exit_code


def _text(argv: Sequence[str], rest: Sequence[str]) -> int:
    from tinysched.commands import manual
    from tinysched.commands.manuals import SBATCH as MANUAL

    words = argv[: len(argv) - len(rest)]
    console.say((manual.asked(MANUAL, words) or "").encode())
    return EXIT_DONE


def _script(typed: Sequence[tuple[Option, str | None]], rest: Sequence[str]) -> tuple[bytes, str]:
    """The script, and its path ('' if it has none)."""
    if has(typed, "wrap"):
        commands = [value or "" for option, value in typed if option.name == "wrap"]
        return wrapped(commands[-1]), ""
    if not rest:
        return _drained(0, "stdin"), ""
    found = _find(rest[0], typed)
    try:
        descriptor = submitting.open_file(found if rest[0] else "")
    except OSError as error:
        called = rest[0] if isinstance(error, FileNotFoundError) else found
        raise refusal(f"Unable to open file {called}", _exit_code_wanted()) from None
    try:
        if posix.fstat(descriptor).st_mode & KIND == FOLDER:
            return b"", found
        return _drained(descriptor, rest[0]), found
    finally:
        posix.close(descriptor)


def _find(name: str, typed: Sequence[tuple[Option, str | None]]) -> str:
    """Where a script lies: where the job will run, then on PATH, then here.

    Shape: a whole path unless it is the last, or begins with a dot. Source: what Slurm finds.
    """
    if name.startswith((".", "/")) or not name:
        return name
    folder = submitting.working_directory().decode("utf-8", "surrogateescape")
    chosen = [value for option, value in typed if option.name == "chdir" and value]
    if chosen:
        folder = chosen[-1] if chosen[-1].startswith("/") else f"{folder}/{chosen[-1]}"
    path = posix.environ.get(b"PATH", b"").decode("utf-8", "surrogateescape")
    for place in (folder, *path.split(":")):
        if place and _is_file(f"{place}/{name}"):
            return f"{place}/{name}"
    return name


def _is_file(path: str) -> bool:
    try:
        return posix.stat(path).st_mode & KIND == FILE
    except OSError:
        return False


def _drained(descriptor: int, called: str) -> bytes:
    try:
        return submitting.drain(descriptor, called)
    except submitting.TooLargeError:
        raise too_long() from None


def _umask() -> int | None:
    """The umask of the job, if a variable says which."""
    text = posix.environ.get(b"SLURM_UMASK", b"")
    digits = text.lstrip(b"0")
    if not text or len(digits) > 3 or digits.strip(b"01234567"):
        return None
    return int(digits or b"0", 8)


def _exit_code_wanted() -> int:
    """What a failure costs, which a variable may say."""
    text = posix.environ.get(b"SLURM_EXIT_ERROR")
    if text is None:
        return EXIT_REFUSED
    if not text.isdigit() or not int(text[:9]) & 255:
        console.say(b"sbatch: error: SLURM_EXIT_ERROR has zero value\n", 2)
        return EXIT_REFUSED
    return int(text[:9]) & 255


def _variables(
    typed: Sequence[tuple[Option, str | None]], script: bytes, rest: Sequence[str]
) -> bytes | None:
    """The variables that --export-file names, here or in the script; None: this shell's."""
    if not has(typed, "export-file") and b"--export-" not in script:
        return None
    from tinysched.commands import closerlook

    return closerlook.environment(typed, script, rest[0] if rest else "(null)")


def _wait(site: Site, number: bytes) -> int:
    """The exit code of a job, once it has ended, whoever restarts the dispatcher meanwhile."""
    pause_s = FIRST_PAUSE_S
    fields = [("command", NAME.encode()), ("id", number)]
    while True:
        time.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        try:
            reply = client.ask(site, "ending", fields)
        except TryLaterError:
            continue
        if reply.exit_code != EXIT_DONE:
            console.say(reply.err, 2)
            return reply.exit_code
        if reply.values.get("code"):
            return client.exit_code_in(reply.values["code"])
