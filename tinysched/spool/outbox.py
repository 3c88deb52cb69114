"""What tsbatch leaves for its own agent: the whole request, in the submitter's own directory.

On the start-up path of tsbatch: imports only fcntl and light modules.
"""

from __future__ import annotations

import fcntl
import posix

from tinysched.errors import ASK_FOR_GROUP, SpoolError, TryLaterError
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import DISK, Disk, cannot
from tinysched.spool.tree import (
    AGENT_SHELL,
    BOUND,
    CLOSED_DIR_MODE,
    CLOSED_FILE_MODE,
    REQUEST,
    SCRIPT_MODE,
    SUBMITTED,
    is_token,
    user_name,
    users_dir,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_LARGEST_SHELL = 1 << 20


def pack(words: Iterable[bytes]) -> bytes:
    """Many words as one file: each ends with a NUL, so that none and one empty word differ."""
    return b"".join(word + b"\0" for word in words)


def together(parts: Iterable[tuple[str, bytes]]) -> bytes:
    """What belongs to a request as one file: a line with name and size before each, and an end."""
    return b"".join([b"%s %d\n%s\n" % (n.encode(), len(c), c) for n, c in parts]) + b"end\n"


def write(
    root: str, uid: int, token: str, parts: list[tuple[str, bytes]], disk: Disk = DISK
) -> int:
    """Store a request durably; returns a descriptor that locks it until it is closed.

    Keep it open until the dispatcher has answered: requests that nobody locks and nobody knows are
    garbage. `parts`: the script, and what requests.StoredRequest has by name.

    Raises: SpoolError; nothing is left then. TryLaterError if the user's directory is another's.
    Writes: users/u<uid>/requests/<token>/, as its owner.
    """
    if not is_token(token):
        raise SpoolError(f"cannot store a request: bad token {token!r}")
    requests = _open_requests(root, uid, disk)
    try:
        try:
            disk.mkdir(token, CLOSED_DIR_MODE, requests.fd)
        except OSError as error:
            raise cannot("make", requests.where(token), error) from error
        try:
            return _fill(requests, token, parts)
        except SpoolError:
            requests.drop_folder(token)
            raise
    finally:
        requests.close()


def note(request: int, number: bytes) -> None:
    """Note which job a request became, for its owner to see while no dispatcher answers.

    `request`: what `write` returned. Not waited for: the agent notes it durably before the start.
    """
    if not number.isdigit():
        return
    how = posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC
    try:
        fd = posix.open(BOUND, how, CLOSED_FILE_MODE, dir_fd=request)
    except OSError:
        return  # the agent was faster, or the disk is full
    try:
        posix.write(fd, number + b"\n")
    except OSError:
        return
    finally:
        posix.close(fd)


def remove(root: str, uid: int, token: str, disk: Disk = DISK) -> None:
    """Take a request back that was refused."""
    if not is_token(token):
        return
    requests = Folder.find(disk, f"{users_dir(root)}/{user_name(uid)}/requests", uid)
    if requests is not None:
        requests.drop_folder(token)
        requests.close()


def agent_shell(root: str, uid: int, disk: Disk = DISK) -> bytes | None:
    """What the user's agent says of the shell that it was started from; None: nothing.

    Raises: SpoolError.
    """
    own = Folder.find(disk, f"{users_dir(root)}/{user_name(uid)}", uid)
    if own is None:
        return None
    try:
        return own.read(AGENT_SHELL, _LARGEST_SHELL, uid)
    finally:
        own.close()


def _open_requests(root: str, uid: int, disk: Disk) -> Folder:
    users = open_users(root, disk)
    try:
        own = _open_own(users, uid)
        try:
            return own.make_below("requests", CLOSED_DIR_MODE, uid)
        finally:
            own.close()
    finally:
        users.close()


def open_users(root: str, disk: Disk) -> Folder:
    """The directory of all users' directories.

    Raises: SpoolError, with the cure for somebody who is not in the group.
    """
    try:
        return Folder.open(disk, users_dir(root))
    except SpoolError as error:
        cure = ASK_FOR_GROUP if isinstance(error.__cause__, PermissionError) else ""
        raise SpoolError(error.sentence, cure) from error


def _open_own(users: Folder, uid: int) -> Folder:
    try:
        return users.make_below(user_name(uid), CLOSED_DIR_MODE, uid)
    except SpoolError as error:
        squatter = users.status(user_name(uid))
        if squatter is None or squatter.st_uid == uid:
            raise
        # The dispatcher owns users/ and moves such a thing out of the way.
        cure = "try again in a minute, or tell the admin"
        raise TryLaterError(error.sentence, cure) from error


def _fill(requests: Folder, token: str, parts: list[tuple[str, bytes]]) -> int:
    folder = requests.open_below(token)
    try:
        if not folder.disk.lock(folder.fd, fcntl.LOCK_EX):
            raise SpoolError(f"cannot lock {folder.path}: somebody else holds it")
        folder.set_mode(CLOSED_DIR_MODE)
        made = [(SUBMITTED, part[1], SCRIPT_MODE) for part in parts if part[0] == SUBMITTED]
        rest = together(part for part in parts if part[0] != SUBMITTED)
        made.append((REQUEST, rest, CLOSED_FILE_MODE))
        for name, content, mode in made:
            folder.write_new(name, content, mode)
        for name, _, _ in made:  # only now: the disk's journal is waited for once, not for each
            folder.sync_file(name)
        folder.sync()
        requests.sync()
        return folder.fd
    except OSError as error:
        folder.close()
        raise cannot("write", folder.path, error) from error
    except SpoolError:
        folder.close()
        raise
