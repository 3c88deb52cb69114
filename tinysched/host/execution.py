"""Handing a process over to a program: exec, with failures told in words a user understands."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping, Sequence

from tinysched.errors import TinyschedError

_FIRST_LINE_MAX = 4096


class ExecutionError(TinyschedError):
    """A program that the kernel would not run; `number`: its errno, `called`: what is at fault."""

    def __init__(self, sentence: str, number: int = errno.ENOENT, called: str = "") -> None:
        super().__init__(sentence)
        self.number = number
        self.called = called


def run(argv: Sequence[str | bytes], environment: Mapping[bytes, bytes], called: str = "") -> None:
    """Replace this process by a program. Returns never; raises ExecutionError.

    `called` is its name in messages. A script that cannot be executed where it lies (a file system
    mounted noexec) is run by the interpreter that its #! line names.
    """
    words = [os.fsencode(word) for word in argv]
    name = called or os.fsdecode(argv[0])
    path = _find(words[0], environment)
    if path is None:
        raise ExecutionError(f"cannot run {name}: not found in PATH")
    try:
        try:
            os.execve(path, words, environment)
        except OSError as error:
            prefix = _other_way(path, error)
            if not prefix:
                raise
            os.execve(prefix[0], [*prefix, path, *words[1:]], environment)
    except (OSError, ValueError) as error:
        number = (error.errno if isinstance(error, OSError) else None) or errno.EINVAL
        sentence = f"cannot run {name}: {_why(path, error)}"
        raise ExecutionError(sentence, number, _at_fault(path, number)) from error


def _find(program: bytes, environment: Mapping[bytes, bytes]) -> bytes | None:
    """Look a program up as a shell would; relative directories count from the current one."""
    if b"/" in program:
        return program
    for directory in environment.get(b"PATH", os.fsencode(os.defpath)).split(b":"):
        path = os.path.join(directory or b".", program)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


def _other_way(path: bytes, error: OSError) -> list[bytes]:
    """Name the interpreter to try next, with its argument; empty if that would not help."""
    if error.errno == errno.EACCES and _has_execute_bit(path) and _lies_on_noexec(path):
        return _hash_bang(path)
    if error.errno == errno.ENOEXEC and _is_text(path):
        # Without a #! line: sh, as every shell does.
        return _hash_bang(path) or [b"/bin/sh"]
    return []


def _at_fault(path: bytes, number: int) -> str:
    """Tell a script's interpreter, with all that its line says, or the program itself."""
    first = _beginning(path).split(b"\n")[0]
    if number == errno.ENOENT and first.startswith(b"#!"):
        return f"bad interpreter({os.fsdecode(first[2:])})"
    return os.fsdecode(path)


def _why(path: bytes, error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return str(error)
    interpreter = _hash_bang(path)[:1]
    on_script = not os.path.exists(path) or not _has_execute_bit(path)
    if interpreter and not on_script and error.errno in (errno.ENOENT, errno.EACCES):
        # Escaped: the usual culprit is an invisible carriage return.
        shown = os.fsdecode(interpreter[0]).encode("unicode_escape").decode()
        return f"bad interpreter {shown}: {error.strerror}"
    return error.strerror or str(error)


def _hash_bang(path: bytes) -> list[bytes]:
    """Read interpreter and argument from the #! line as the kernel does: at most one argument.

    Shape: empty without such a line.
    """
    first = _beginning(path).split(b"\n")[0]
    words = first[2:].strip(b" \t")
    return re.split(rb"[ \t]+", words, maxsplit=1) if first.startswith(b"#!") and words else []


def _beginning(path: bytes) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return os.read(descriptor, _FIRST_LINE_MAX)
        finally:
            os.close(descriptor)
    except OSError:
        return b""


def _is_text(path: bytes) -> bool:
    beginning = _beginning(path)
    return bool(beginning) and b"\0" not in beginning


def _has_execute_bit(path: bytes) -> bool:
    try:
        return bool(os.stat(path).st_mode & 0o111)
    except OSError:
        return False


def _lies_on_noexec(path: bytes) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_NOEXEC)
    except OSError:
        return False
