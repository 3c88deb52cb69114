"""Whether the kernel will run a program, known beforehand: of what is usual, not of all there is.

Source: execve(2), elf(5).
"""

from __future__ import annotations

import functools
import os
import re
import stat

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_BEGINNING = 4096
_LINE_MAX = 255  # bytes of the #! line that the kernel looks at, its end included
# Blank to the kernel is no more than this: a carriage return is a part of the name.
_WORD = re.compile(rb"[ \t]*(/[^ \t\0]+)(?![^ \t])")
_ELF64_LITTLE = b"\x7fELF\x02\x01"
_KINDS = (2, 3)  # at fixed addresses, or anywhere
_HEADERS_AT, _HEADER_SIZE, _HEADERS = slice(32, 40), slice(54, 56), slice(56, 58)
_HEADER = 56  # bytes
_KIND, _MACHINE = slice(16, 18), slice(18, 20)
_INTERPRETER = 3


def is_sure(path: bytes) -> bool:
    """Tell that nothing speaks against it; false as well for what is only unusual.

    Sure are programs for this machine, and scripts that name one of these.
    """
    beginning = _executable(path)
    if not beginning.startswith(b"#!"):
        return _is_binary(beginning)
    line, end, _ = beginning[2:_LINE_MAX].partition(b"\n")
    interpreter = _WORD.match(line)
    if not end or interpreter is None:
        return False
    return _is_binary(_executable(interpreter[1]))


def _executable(path: bytes) -> bytes:
    """The beginning of a file that may be executed; nothing if it is none."""
    try:
        descriptor = os.open(path, _READ)
    except (OSError, ValueError):
        return b""
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.read(descriptor, _BEGINNING) if is_file and os.access(path, os.X_OK) else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _is_binary(beginning: bytes) -> bool:
    """It is for this machine, and what is to load it is there."""
    if not beginning.startswith(_ELF64_LITTLE) or beginning[_MACHINE] != _own_machine():
        return False
    at, size, count = map(
        _number, map(beginning.__getitem__, (_HEADERS_AT, _HEADER_SIZE, _HEADERS))
    )
    if _number(beginning[_KIND]) not in _KINDS or size != _HEADER:
        return False
    if at + size * count > len(beginning):
        return False
    for start in range(at, at + size * count, size):
        header = beginning[start : start + size]
        if _number(header[:4]) == _INTERPRETER:
            begin = _number(header[8:16])
            loader = beginning[begin : begin + _number(header[32:40])]
            # One that ends elsewhere is none that the kernel would take.
            return loader.find(b"\0") == len(loader) - 1 >= 0 and os.access(loader[:-1], os.X_OK)
    return True  # statically linked


def _number(content: bytes) -> int:
    return int.from_bytes(content, "little")


@functools.cache
def _own_machine() -> bytes:
    return _executable(b"/proc/self/exe")[_MACHINE]
