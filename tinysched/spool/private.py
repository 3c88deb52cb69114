"""A user's own directory, as that user's agent and workers see it.

Nothing in it is taken from anybody else: the directory is the user's by its open descriptor, and
all that is done goes through that.
"""

from __future__ import annotations

import fcntl
import posix
from collections.abc import Collection, Mapping, Sequence

from tinysched.errors import SpoolError
from tinysched.job.model import RunId
from tinysched.job.runs import Grant
from tinysched.spool import attempts, claims, tree
from tinysched.spool.agentlock import AgentLock
from tinysched.spool.atomic import Folder
from tinysched.spool.beside import Beside
from tinysched.spool.disk import DISK, Disk, cannot
from tinysched.spool.locks import is_locked, pid_in
from tinysched.spool.outbox import open_users
from tinysched.spool.requests import (
    LARGEST_FILE,
    OLDER_FILES,
    StoredRequest,
    read_alterations,
    read_request,
    write_alterations,
)
from tinysched.spool.runs import RunDir


class Private:
    """The directory users/u<uid>. `beside`: what its process keeps there besides runs."""

    def __init__(self, own: Folder, requests: Folder, runs: Folder, uid: int) -> None:
        self.uid = uid
        self._own = own
        self._requests = requests
        self._runs = runs
        self._attempts: dict[str, attempts.Attempts] = {}
        self.beside = Beside(runs)

    @classmethod
    def open(cls, root: str, uid: int, disk: Disk = DISK) -> Private:
        """Open it, made if it is missing.

        Raises: SpoolError if it is a link, or belongs to another.
        """
        users = open_users(root, disk)
        try:
            own = users.make_below(tree.user_name(uid), tree.CLOSED_DIR_MODE, uid)
        finally:
            users.close()
        _check_closed(own)
        requests = own.make_below("requests", tree.CLOSED_DIR_MODE, uid)
        runs = own.make_below("runs", tree.CLOSED_DIR_MODE, uid)
        return cls(own, requests, runs, uid)

    @classmethod
    def find(cls, root: str, uid: int, disk: Disk = DISK) -> Private | None:
        """Open it if it is there.

        Raises: SpoolError.
        """
        users = open_users(root, disk)
        try:
            if users.status(tree.user_name(uid)) is None:
                return None
        finally:
            users.close()
        return cls.open(root, uid, disk)

    @property
    def path(self) -> str:
        """The directory."""
        return self._own.path

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What a forked worker keeps open to go on using it."""
        return self._own.fd, self._requests.fd, self._runs.fd

    @property
    def log_path(self) -> str:
        """Where the agent logs."""
        return self._own.where("agent.log")

    def close(self) -> None:
        """Let go of it."""
        for folder in (self._runs, self._requests, self._own):
            folder.close()

    def lock_agent(self) -> AgentLock | None:
        """Become the agent; None: another one lives.

        Raises: SpoolError.
        """
        return AgentLock.take(self._own, tree.AGENT_LOCK)

    def inherit_lock(self, descriptor: int) -> AgentLock | None:
        """Stay the agent, with the lock that this process had before; None: that is no lock.

        Raises: SpoolError.
        """
        return AgentLock.inherit(self._own, tree.AGENT_LOCK, descriptor)

    def agent_alive(self) -> bool:
        """Whether an agent lives (it may be this process)."""
        return is_locked(self._own, tree.AGENT_LOCK)

    def agent_pid(self) -> int | None:
        """The living agent's pid; None: there is none, or it is just about to write it."""
        if not self.agent_alive():
            return None
        return pid_in(self._own.read(tree.AGENT_LOCK, 64))

    def save_shell(self, facts: bytes) -> None:
        """Let commands see what the agent has of the shell that it was started from.

        Raises: SpoolError.
        """
        self._own.save(tree.AGENT_SHELL, facts, tree.CLOSED_FILE_MODE)

    def agent_began_at(self) -> float | None:
        """When the agent wrote its pid (UTC, seconds); None: there was never one."""
        status = self._own.status(tree.AGENT_LOCK)
        return None if status is None else status.st_mtime

    def tokens(self) -> list[str]:
        """The stored requests."""
        return sorted(name for name in self._requests.names() if tree.is_token(name))

    def submitted_at(self, token: str) -> float:
        """When a request was stored (UTC, seconds)."""
        if not tree.is_token(token):
            return 0.0
        written = self._requests.status(f"{token}/{tree.REQUEST}")
        status = written or self._requests.status(f"{token}/{OLDER_FILES[0]}")
        return 0.0 if status is None else status.st_mtime

    def request(self, token: str) -> StoredRequest:
        """Read a stored request.

        Raises: SpoolError if it is missing or cannot be read.
        """
        folder = self._request_folder(token)
        try:
            return read_request(folder, token, self.uid)
        finally:
            folder.close()

    def script(self, token: str) -> bytes:
        """The script of a stored request.

        Raises: SpoolError, also if its path leads anywhere but here: whoever owns users/ can
        rename what is in it.
        """
        folder = self._request_folder(token)
        try:
            path = folder.where(tree.SUBMITTED)
            content = folder.read(tree.SUBMITTED, LARGEST_FILE, self.uid)
            held = folder.status(tree.SUBMITTED)
            if content is None or held is None:
                raise SpoolError(f"cannot read {path}: No such file or directory")
            try:
                found = posix.lstat(path)
            except OSError as error:
                raise cannot("read", path, error) from error
            if (found.st_dev, found.st_ino) != (held.st_dev, held.st_ino):
                raise SpoolError(f"cannot use {path}: it is not the file that was submitted")
            if held.st_nlink != 1 or held.st_mode & 0o022:
                raise SpoolError(f"cannot use {path}: others may write it, or know it otherwise")
            return content
        finally:
            folder.close()

    def bind(self, token: str, number: int) -> None:
        """Note once and for all which job a request became.

        Raises: SpoolError if it became another.
        """
        folder = self._request_folder(token)
        try:
            bound = _bound(folder, self.uid)
            if bound is None:
                folder.save(tree.BOUND, b"%d\n" % number, tree.CLOSED_FILE_MODE)
            elif bound != number:
                raise SpoolError(f"cannot use {folder.path} for job {number}: it is job {bound}")
        finally:
            folder.close()

    def alter(self, token: str, number: int, changes: Mapping[str, str]) -> None:
        """Change what was submitted as this job; what was changed before stays so.

        Raises: SpoolError, also if the request became another job.
        """
        folder = self._request_folder(token)
        try:
            bound = _bound(folder, self.uid)
            if bound != number:
                raise SpoolError(f"cannot change {folder.path} for job {number}: it is not that")
            words = {**read_alterations(folder, self.uid), **changes}
            folder.save(tree.ALTERED, write_alterations(words), tree.CLOSED_FILE_MODE)
        finally:
            folder.close()

    def alterations(self, token: str) -> Mapping[str, str]:
        """What was changed of a request since it was submitted.

        Raises: SpoolError.
        """
        folder = self._request_folder(token)
        try:
            return read_alterations(folder, self.uid)
        finally:
            folder.close()

    def bound(self, token: str) -> int | None:
        """The job that a request became, if it did."""
        folder = self._request_folder(token)
        try:
            return _bound(folder, self.uid)
        finally:
            folder.close()

    def claim(self, grant: Grant) -> RunDir:
        """Claim an attempt for good; returns it with its locks taken.

        Raises: AlreadyClaimedError; SpoolError, and then nothing is left of the claim.
        """
        attempts.check(self.attempts(grant.token), grant.run)
        return claims.claim(self._runs, grant)

    def reclaim(self, grant: Grant) -> RunDir:
        """The same in the directory of a run that is over, if there is one.

        Only for what nobody else may be claiming now.
        """
        attempts.check(self.attempts(grant.token), grant.run)
        try:
            return self.beside.spares.take(grant) or claims.claim(self._runs, grant)
        except FileExistsError as error:
            raise claims.already(self.run(grant.run)) from error

    def attempts(self, token: str) -> attempts.Attempts:
        """The attempts at a request that are over.

        Raises: SpoolError if that cannot be known.
        """
        if token not in self._attempts:
            folder = self._requests.find_below(token, self.uid) if tree.is_token(token) else None
            if folder is None:
                return attempts.Attempts()
            try:
                self._attempts[token] = attempts.read(folder, self.uid)
            finally:
                folder.close()
        return self._attempts[token]

    def retire(self, runs: Sequence[RunDir], token: str) -> None:
        """Forget runs whose ends the dispatcher has recorded, but never that they were.

        Raises: SpoolError, and then those that are left are not forgotten.
        """
        folder = self._requests.find_below(token, self.uid) if tree.is_token(token) else None
        if folder is not None:
            try:
                attempts.append(folder, [run.run for run in runs])
            finally:
                folder.close()
        known = self._attempts.get(token)
        for run in runs:
            if known is not None:
                known.add(run.run)
            if not self.beside.spares.put_by(run):
                run.forget()

    def run(self, run: RunId) -> RunDir:
        """The directory of an attempt, which may be missing."""
        return RunDir(self._runs, run)

    def runs(self) -> list[RunDir]:
        """Every attempt on the disk, in order of id.

        One without a `grant` that nobody holds was never claimed: `forget` it.
        """
        return claims.all_runs(self._runs)

    def collect_garbage(self, keep_tokens: Collection[str], older_than: float) -> list[str]:
        """Remove requests that are unknown, unlocked and unchanged since `older_than` (UTC).

        Returns the tokens of what was removed.
        """
        removed = []
        for token in self.tokens():
            if token not in keep_tokens and self._is_garbage(token, older_than):
                self._requests.drop_folder(token)
                self._attempts.pop(token, None)
                removed.append(token)
        return removed

    def _is_garbage(self, token: str, older_than: float) -> bool:
        status = self._requests.status(token)
        if status is None or status.st_mtime >= older_than:
            return False
        try:
            folder = self._requests.find_below(token)
        except SpoolError:
            return True  # a file or a link: not made by us
        if folder is None:
            return False
        try:
            return folder.disk.lock(folder.fd, fcntl.LOCK_SH)
        except OSError as error:
            raise cannot("lock", folder.path, error) from error
        finally:
            folder.close()

    def _request_folder(self, token: str) -> Folder:
        if not tree.is_token(token):
            raise SpoolError(f"cannot read a request: bad token {token!r}")
        return self._requests.open_below(token, self.uid)


def _check_closed(own: Folder) -> None:
    """Raises: SpoolError if others may change what is in it: it may not be what the user left."""
    if posix.fstat(own.fd).st_mode & 0o022:
        own.close()
        raise SpoolError(
            f"cannot use {own.path}: others may write into it",
            f"if nothing in it is strange to you: chmod 700 {own.path}",
        )


def _bound(folder: Folder, uid: int) -> int | None:
    raw = folder.read(tree.BOUND, 64, uid) or b""
    return int(raw) if raw.endswith(b"\n") and raw.strip().isdigit() else None  # else it is torn
