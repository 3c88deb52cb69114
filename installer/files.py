"""Small deeds on files that every step needs: replace whole, make with a mode, hand over."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile

from installer.words import InstallError, shown


def replace(path: str, text: str, mode: int, uid: int = -1, gid: int = -1) -> None:
    """Write a file whole: a reader sees the old or the new one.

    Raises: InstallError.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".new.", dir=os.path.dirname(path))
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fchown(file.fileno(), uid, gid)
                os.fchmod(file.fileno(), mode)
                os.fsync(file.fileno())
            os.rename(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise InstallError(f"cannot write {path}: {shown(error)}") from None


def link(path: str, target: str) -> None:
    """Make or turn a symbolic link in one step.

    Raises: InstallError, also when something else than a link is in the way.
    """
    temporary = f"{path}.new.{os.getpid()}"
    try:
        if os.path.lexists(path) and not os.path.islink(path):
            raise InstallError(
                f"cannot make {path}: a file of that name is there that this program did not make",
                "move it away, or choose another --bin-dir",
            )
        os.symlink(target, temporary)
        os.rename(temporary, path)
    except OSError as error:
        raise InstallError(f"cannot make {path}: {shown(error)}") from None


def directory(path: str, mode: int = 0o755, uid: int = -1, gid: int = -1) -> bool:
    """Make a directory with exactly this mode and owner; parents as others have them.

    Answers whether it is new. Raises: InstallError.
    """
    try:
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        try:
            os.mkdir(path, 0o700)
            new = True
        except FileExistsError:
            new = False
        _settle(path, mode, uid, gid)
    except PermissionError as error:
        raise InstallError(
            f"cannot make {path}: {shown(error)}",
            "choose places that you may write: --bin-dir=DIR --sched-root=DIR, or use sudo",
        ) from None
    except OSError as error:
        raise InstallError(f"cannot make {path}: {shown(error)}") from None
    return new


def _settle(path: str, mode: int, uid: int, gid: int) -> None:
    facts = os.stat(path)
    if not stat.S_ISDIR(facts.st_mode):
        raise NotADirectoryError(20, "something that is no directory is there")
    if uid not in (-1, facts.st_uid) or gid not in (-1, facts.st_gid):
        os.chown(path, uid, gid)
        facts = os.stat(path)
    if stat.S_IMODE(facts.st_mode) != mode:
        os.chmod(path, mode)
