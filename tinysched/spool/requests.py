"""A stored request, read back by its owner's agent: what was submitted, in its own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinysched.errors import SpoolError
from tinysched.spool import tree
from tinysched.spool.atomic import Folder

LARGEST_FILE = 64 << 20
# Of a request that was left in files of their own.
OLDER_FILES = ("argv", "variables", "environment", "cwd", "umask", "limits", "command")
_END = b"end\n"
_LONGEST_LINE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """What was submitted, as tsbatch left it.

    `environment` and `variables` may hold secrets and are never shown. `limits` is the text of
    /proc/PID/limits. `command`: tsbatch or run_job. `script_path` is '' if there is no script.
    """

    token: str
    argv: tuple[str, ...] = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    environment: Mapping[bytes, bytes] = field(repr=False)
    cwd: str
    umask: int
    limits: str
    command: str
    script_path: str


def read_request(folder: Folder, token: str, uid: int) -> StoredRequest:
    """Read one.

    Raises: SpoolError if something of it is missing or cannot be read.
    """
    script = folder.status(tree.SUBMITTED)
    parts = _parts(folder, uid)
    umask = parts.text("umask").strip()
    if not umask or len(umask) > 5 or set(umask) - set("01234567"):
        raise SpoolError(f"cannot read {parts.where('umask')}: {umask[:20]!r} is no umask")
    variables = {}
    for word in parts.words("variables"):
        name, _, value = word.partition(b"=")
        variables[_decode(name)] = _decode(value)
    environment = {}
    for word in parts.words("environment"):
        key, _, content = word.partition(b"=")
        environment[key] = content
    return StoredRequest(
        token=token,
        argv=tuple(_decode(word) for word in parts.words("argv")),
        variables=variables,
        environment=environment,
        cwd=parts.text("cwd"),
        umask=int(umask, 8),
        limits=parts.text("limits"),
        command=parts.text("command").strip(),
        script_path="" if script is None else folder.where(tree.SUBMITTED),
    )


class _Parts:
    """What a request consists of, each by its name."""

    def __init__(self, folder: Folder, found: Mapping[str, bytes], where: str) -> None:
        self._folder = folder
        self._found = found
        self._where = where

    def where(self, name: str) -> str:
        """Where a part is to be looked for."""
        return self._folder.where(self._where or name)

    def text(self, name: str) -> str:
        """A part that is one text."""
        return _decode(self._bytes(name))

    def words(self, name: str) -> list[bytes]:
        """A part that is words."""
        return _words(self._bytes(name), self.where(name))

    def _bytes(self, name: str) -> bytes:
        if name not in self._found:
            raise SpoolError(f"cannot read {self.where(name)}: it says nothing of {name}")
        return self._found[name]


def _parts(folder: Folder, uid: int) -> _Parts:
    """One file; before that there were as many as parts."""
    raw = folder.read(tree.REQUEST, LARGEST_FILE, uid)
    if raw is not None:
        found = apart(raw)
        if found is None:
            raise SpoolError(f"cannot read {folder.where(tree.REQUEST)}: it is not whole")
        return _Parts(folder, found, tree.REQUEST)
    if not any(map(folder.status, OLDER_FILES)):
        raise SpoolError(f"cannot read {folder.where(tree.REQUEST)}: No such file or directory")
    return _Parts(folder, {name: _bytes(folder, name, uid) for name in OLDER_FILES}, "")


def apart(raw: bytes) -> dict[str, bytes] | None:
    """What `outbox.together` made one, None if that is not whole."""
    found: dict[str, bytes] = {}
    at = 0
    while not (raw.startswith(_END, at) and len(raw) == at + len(_END)):
        line, _, _ = raw[at : at + _LONGEST_LINE].partition(b"\n")
        name, space, size = line.partition(b" ")
        if not (space and size.isdigit()):
            return None
        begin = at + len(line) + 1
        at = begin + int(size) + 1
        if raw[at - 1 : at] != b"\n":
            return None
        found[_decode(name)] = raw[begin : at - 1]
    return found


def write_alterations(changes: Mapping[str, str]) -> bytes:
    """What was changed of a request, in the form of its variables."""
    pairs = "".join(f"{name}={value}\0" for name, value in changes.items())
    return pairs.encode("utf-8", "surrogateescape")


def read_alterations(folder: Folder, uid: int) -> dict[str, str]:
    """What was changed of a request; nothing, if it is as it was submitted.

    Raises: SpoolError.
    """
    if folder.status(tree.ALTERED) is None:
        return {}
    words = _words(_bytes(folder, tree.ALTERED, uid), folder.where(tree.ALTERED))
    pairs = (_decode(word).partition("=") for word in words)
    return {name: value for name, _, value in pairs}


def _bytes(folder: Folder, name: str, uid: int) -> bytes:
    raw = folder.read(name, LARGEST_FILE, uid)
    if raw is None:
        raise SpoolError(f"cannot read {folder.where(name)}: No such file or directory")
    return raw


def _words(raw: bytes, where: str) -> list[bytes]:
    """NUL after each word; a file that lacks the last one is not whole."""
    *words, rest = raw.split(b"\0")
    if rest:
        raise SpoolError(f"cannot read {where}: it ends within a word")
    return words


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
