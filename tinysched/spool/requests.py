"""A stored request, read back by its owner's agent: what was submitted, in its own words."""

from __future__ import annotations

from collections.abc import Mapping

from tinysched.errors import SpoolError
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.values import dataclass, field

LARGEST_FILE = 16 << 20


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
    script = folder.status("slurm_script")
    umask = _text(folder, "umask", uid).strip()
    if not umask or len(umask) > 5 or set(umask) - set("01234567"):
        raise SpoolError(f"cannot read {folder.where('umask')}: {umask[:20]!r} is no umask")
    variables = {}
    for word in _words(folder, "variables", uid):
        name, _, value = word.partition(b"=")
        variables[_decode(name)] = _decode(value)
    environment = {}
    for word in _words(folder, "environment", uid):
        key, _, content = word.partition(b"=")
        environment[key] = content
    return StoredRequest(
        token=token,
        argv=tuple(_decode(word) for word in _words(folder, "argv", uid)),
        variables=variables,
        environment=environment,
        cwd=_text(folder, "cwd", uid),
        umask=int(umask, 8),
        limits=_text(folder, "limits", uid),
        command=_text(folder, "command", uid).strip(),
        script_path="" if script is None else folder.where("slurm_script"),
    )


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
    pairs = (_decode(word).partition("=") for word in _words(folder, tree.ALTERED, uid))
    return {name: value for name, _, value in pairs}


def _bytes(folder: Folder, name: str, uid: int) -> bytes:
    raw = folder.read(name, LARGEST_FILE, uid)
    if raw is None:
        raise SpoolError(f"cannot read {folder.where(name)}: No such file or directory")
    return raw


def _text(folder: Folder, name: str, uid: int) -> str:
    return _decode(_bytes(folder, name, uid))


def _words(folder: Folder, name: str, uid: int) -> list[bytes]:
    """NUL after each word; a file that lacks the last one is not whole."""
    *words, rest = _bytes(folder, name, uid).split(b"\0")
    if rest:
        raise SpoolError(f"cannot read {folder.where(name)}: it ends within a word")
    return words


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
