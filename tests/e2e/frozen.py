"""A file system that answers nobody: who asks it for a file cannot be killed before it is gone.

Source: linux/fuse.h; fuse(4). The kernel waits for an answer to what was read from /dev/fuse, and
takes no signal meanwhile, not even KILL.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_FUSE_INIT = 26
_HEADER = struct.Struct("<IIQ")  # of a request: length, operation, number
_ANSWER = struct.Struct("<IiQ")  # length, error, number
_INIT_SIZE = 64
_READ_SIZE = 1 << 20


@contextlib.contextmanager
def frozen(place: Path) -> Iterator[int]:
    """Mounts it there, for everybody; the descriptor tells when somebody has asked."""
    place.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"CI cannot run this: {error}")
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if libc.mount(b"frozen", os.fsencode(place), b"fuse", 0, options):
        os.close(device)
        pytest.skip(f"CI cannot run this: {os.strerror(ctypes.get_errno())}")
    try:
        _, operation, number = _HEADER.unpack_from(os.read(device, _READ_SIZE))
        assert operation == _FUSE_INIT
        settings = struct.pack("<IIIIHHII", 7, 31, 65536, 0, 12, 10, 65536, 1)
        head = _ANSWER.pack(_ANSWER.size + _INIT_SIZE, 0, number)
        os.write(device, head + settings.ljust(_INIT_SIZE, b"\0"))
        yield device
    finally:
        os.close(device)  # whoever waits hears that nobody will answer
        subprocess.run(["umount", "-l", str(place)], check=False)
