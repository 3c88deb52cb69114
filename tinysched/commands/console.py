"""From failures to sentences on stderr and exit codes: what every launcher calls.

Imported on the start-up path of tsbatch, tsqueue and tscancel: imports nothing heavy until
something goes wrong.
"""

from __future__ import annotations

import posix
import sys

from tinysched.errors import TinyschedError, VerbatimError
from tinysched.host import caller
from tinysched.site import Site

EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141


def run(command: str, site: Site) -> None:
    """Runs a command to its end and leaves the process with its exit code."""
    caller.keep_streams_apart()
    code = _guarded(command, site)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:  # it was closed when Python started
                stream.flush()
        except OSError:
            code = code or EXIT_PIPE
    # Skipping the interpreter's own farewell saves a fifth of the time of a small command.
    posix._exit(code)


def _guarded(command: str, site: Site) -> int:
    shown = _names().get(command, command)
    try:
        chosen = site.chosen_by(_text(posix.environ.get(b"TJS_ROOT")))
        module = __import__(f"tinysched.commands.{command}", None, None, ["main"])
        return int(module.main(chosen, sys.argv[1:]))
    except VerbatimError as error:
        say_error(error.text)
        return error.exit_code
    except TinyschedError as error:
        complain(shown, error)
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_PIPE
    except SystemExit as farewell:
        return farewell.code if isinstance(farewell.code, int) else 1
    except BaseException as error:
        _confess(shown, error)
        return EXIT_BUG


def complain(command: str, error: TinyschedError) -> None:
    """Says what failed and, if there is one, the cure."""
    say_error(f"{command}: error: {error.sentence}\n" + (f"{error.cure}\n" if error.cure else ""))


def say(text: bytes, descriptor: int = 1) -> None:
    """Writes an answer whole, however slowly the reader takes it.

    Raises: BrokenPipeError if nobody reads it; TinyschedError if it cannot be written.
    """
    rest = memoryview(text)
    try:
        while rest:
            rest = rest[posix.write(descriptor, rest) :]
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TinyschedError(f"cannot write the answer: {error.strerror}") from None


def say_error(text: str) -> None:
    """Writes a message for people."""
    try:
        say(printable(text).encode("utf-8", "backslashreplace"), 2)
    except (BrokenPipeError, TinyschedError):
        return  # nobody reads stderr: there is nobody left to tell


def printable(text: str) -> str:
    """The text with everything that could steer a terminal made visible; newlines stay."""
    return "".join(
        letter
        if letter == "\n" or letter.isprintable()
        else letter.encode("unicode_escape").decode()
        for letter in text.encode("utf-8", "backslashreplace").decode()
    )


def _names() -> dict[str, str]:
    return {"run_job": "run_job.sh"}


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "surrogateescape")


def _confess(command: str, error: BaseException) -> None:
    import traceback

    where = traceback.extract_tb(error.__traceback__)[-1]
    say_error(
        f"{command}: bug: {type(error).__name__}: {error}"
        f" ({where.filename.rpartition('/')[2]} line {where.lineno})\n"
        "this is a fault of tinysched; set TJS_TRACEBACK=1 to see where, and tell its developers\n"
    )
    if posix.environ.get(b"TJS_TRACEBACK"):
        traceback.print_exception(error)
