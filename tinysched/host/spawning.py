"""posix_spawn that leaves every signal its default meaning, also those that no program can name.

What os.posix_spawn starts has ignored the signals that the C library keeps to itself, and so has
all that this starts in turn: a job must not be seen to come from there. Source: spawn.h(0p).
"""

from __future__ import annotations

import ctypes
import functools
import os
import signal
from collections.abc import Iterable, Mapping, Sequence

_LIBC = ctypes.CDLL(None)
_SETSIGDEF, _SETSIGMASK, _SETSID = 0x04, 0x08, 0x80  # as every C library of Linux has them
_OPAQUE = 1024  # bytes, more than any of them takes for what it does not show
_SET = 128  # bytes of a set of signals
_NEVER = (signal.SIGKILL, signal.SIGSTOP)


def spawn(
    path: bytes,
    argv: Sequence[bytes],
    environment: Mapping[bytes, bytes],
    descriptors: Iterable[tuple[int, int]],
) -> int:
    """Start a program in a session of its own, with all signals let through; its pid.

    `descriptors`: what becomes which, in turn; else those that can be inherited are.
    Raises: OSError; ValueError for a word with a zero byte.
    """
    variables = [b"%s=%s" % pair for pair in environment.items()]
    actions = ctypes.create_string_buffer(_OPAQUE)
    _check(_LIBC.posix_spawn_file_actions_init(actions))
    try:
        for given, wanted in descriptors:
            _check(_LIBC.posix_spawn_file_actions_adddup2(actions, given, wanted))
        pid = ctypes.c_int()
        words = _words(argv), _words(variables)
        _check(_LIBC.posix_spawn(ctypes.byref(pid), path, actions, _attributes(), *words))
        return pid.value
    finally:
        _LIBC.posix_spawn_file_actions_destroy(actions)


def _words(words: Sequence[bytes]) -> ctypes.Array[ctypes.c_char_p]:
    if any(b"\0" in word for word in words):
        raise ValueError("embedded null byte")
    return (ctypes.c_char_p * (len(words) + 1))(*words, None)


@functools.cache
def _attributes() -> ctypes.Array[ctypes.c_char]:
    """The same for every job; made once."""
    default = bytearray(b"\xff" * _SET)
    for number in _NEVER:
        default[(number - 1) // 8] &= ~(1 << (number - 1) % 8)
    found = ctypes.create_string_buffer(_OPAQUE)
    _check(_LIBC.posix_spawnattr_init(found))
    _check(_LIBC.posix_spawnattr_setsigdefault(found, bytes(default)))
    _check(_LIBC.posix_spawnattr_setsigmask(found, bytes(_SET)))
    _check(_LIBC.posix_spawnattr_setflags(found, _SETSIGDEF | _SETSIGMASK | _SETSID))
    return found


def _check(number: int) -> None:
    if number:
        raise OSError(number, os.strerror(number))
