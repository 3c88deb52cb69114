"""A user's own runs, as an srun of the same user sees them: which run now, and what they got.

On the start-up path of srun: imports nothing heavy.
"""

from __future__ import annotations

import posix

from tinysched.spool import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_READ = posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NOFOLLOW | posix.O_NONBLOCK
# A grant is a few hundred bytes.
_MOST = 1 << 16


class OwnRun:
    """A run that has begun and has not ended. `facts`: its grant, as it was written.

    `name`: of its directory, `path`. `socket`: where its worker listens.
    """

    def __init__(self, path: str, facts: Mapping[str, str]) -> None:
        self.path = path
        self.name = path.rpartition("/")[2]
        number, task, _ = tree.read_run_name(self.name) or (0, None, 0)
        self.number = number
        self.task = task
        self.facts = facts
        self.socket = f"{path}/{tree.SOCKET}"


def all_of(root: str, uid: int) -> Iterator[OwnRun]:
    """All of a user's runs, in no order."""
    try:
        names = posix.listdir(_folder(root, uid))
    except OSError:
        return
    for name in names:
        found = named(root, uid, name)
        if found is not None:
            yield found


def named(root: str, uid: int, name: str) -> OwnRun | None:
    """The run of this name; None: there is none that runs."""
    if tree.read_run_name(name) is None:
        return None
    path = f"{_folder(root, uid)}/{name}"
    try:
        posix.stat(f"{path}/{tree.STARTED}")
        content = _read(f"{path}/{tree.GRANT}")
    except OSError:
        return None
    return None if _has_ended(path) else OwnRun(path, _facts(content))


def _folder(root: str, uid: int) -> str:
    return f"{tree.users_dir(root)}/{tree.user_name(uid)}/runs"


def _has_ended(path: str) -> bool:
    try:
        posix.stat(f"{path}/{tree.EXIT}")
    except OSError:
        return False
    return True


def _read(path: str) -> str:
    fd = posix.open(path, _READ)
    try:
        return posix.read(fd, _MOST).decode("utf-8", "replace")
    finally:
        posix.close(fd)


def _facts(content: str) -> dict[str, str]:
    """Not by json, which takes longer to load than all the rest: a line a fact, as we write it."""
    facts: dict[str, str] = {}
    for line in content.split("\n"):
        name, _, value = line.strip().rstrip(",").partition(": ")
        facts[name.strip('"')] = value.strip('"')
    return facts
