"""What the kernel is sure to run."""

import os
import shutil
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinysched.host.runnable import is_sure


@pytest.fixture
def program(tmp_path):
    def make(content, mode=0o755) -> bytes:
        path = tmp_path / "program"
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        return os.fsencode(path)

    return make


def binary(machine=None, loader=b"/bin/sh\0", kind=2) -> bytes:
    """As much of a program as is looked at."""
    with open("/proc/self/exe", "rb") as file:
        own = file.read(64)
    head = bytearray(own)
    head[16:18] = struct.pack("<H", kind)
    head[18:20] = machine or own[18:20]
    head[32:40] = struct.pack("<Q", 64)
    head[54:58] = struct.pack("<HH", 56, 1 if loader else 0)
    if not loader:
        return bytes(head)
    header = struct.pack("<IIQQQQQQ", 3, 4, 120, 0, 0, len(loader), len(loader), 1)
    return bytes(head) + header + loader


def test_programs_of_this_host_are_sure():
    for name in ("sh", "cat", "env"):
        assert is_sure(os.fsencode(shutil.which(name) or ""))


@pytest.mark.parametrize(
    "line",
    [b"#!/bin/sh\n", b"#! \t/bin/sh -e -x\necho", b"#!/bin/sh\t-e\n", b"#!/usr/bin/env x y\n"],
)
def test_scripts_of_these_are_sure(program, line):
    assert is_sure(program(line))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"echo no interpreter\n",
        b"#!\n",
        b"#!/no/such\n",
        b"#!/bin/sh\r\n",
        b"#!/bin/sh\r -e\n",
        b"#!/bin/sh",
        b"#!/bin/sh\0\n",
        b"#!sh\n",
        b"#!/bin\n",
        b"#!/etc/passwd\n",
        b"#!/bin/sh " + b"x" * 300 + b"\n",
        b"\x7fELF",
        binary(machine=b"\xff\xff"),
        binary(loader=b"/no/such.so\0"),
        binary(loader=b"/bin/sh"),
        binary(loader=b"/bin/sh\0x\0"),
        binary(loader=b"\0"),
        binary(kind=1),
        binary()[:54] + b"\0\0" + binary()[56:],
        binary()[:100],
    ],
)
def test_what_may_fail_is_not(program, content):
    assert not is_sure(program(content))


@pytest.mark.parametrize("content", [binary(), binary(loader=b""), binary(kind=3)])
def test_a_program_for_this_machine_with_its_loader_is_sure(program, content):
    assert is_sure(program(content))


def test_a_script_of_a_script_is_not(program, tmp_path):
    first = tmp_path / "first"
    first.write_text("#!/bin/sh\n")
    first.chmod(0o755)
    assert not is_sure(program(b"#!" + os.fsencode(first) + b"\n"))


def test_what_may_not_be_executed_is_not(program, tmp_path):
    path = program(b"#!/bin/sh\n", 0o644)
    assert not is_sure(path)
    assert not is_sure(os.fsencode(tmp_path))
    assert not is_sure(b"/no/such")
    assert not is_sure(b"\0")


@given(st.binary(max_size=200), st.sampled_from([b"", b"#!", binary()[:58], binary()]))
def test_anything_may_lie_there(tmp_path_factory, content, beginning):
    path = tmp_path_factory.getbasetemp() / "anything"
    path.write_bytes(beginning + content)
    path.chmod(0o755)
    is_sure(os.fsencode(path))


def test_a_fifo_keeps_nobody_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo", 0o755)
    assert not is_sure(os.fsencode(tmp_path / "fifo"))
