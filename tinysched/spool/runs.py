"""The directory of one attempt: who lives, what was granted, how it started and how it ended.

A claim is the directory; its two locks are the signs of life:
`worker.lock` is held by the worker alone (taken before it is forked, closed by exec), `alive` by
all who inherited it: worker and job. No `started` and both free: never started. `worker.lock` free
and `alive` held: the worker was killed, the job runs on.
"""

from __future__ import annotations

import posix
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tinysched.errors import SpoolError
from tinysched.job.model import RunId
from tinysched.job.runs import Ending, Grant
from tinysched.spool import exitrecord, runrecords, tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot, is_own_fault, write_all
from tinysched.spool.locks import is_locked, pid_in, try_lock
from tinysched.spool.runrecords import (
    AmendedRun,
    Started,
    read_grant,
    read_lingering,
    read_started,
    write_lingering,
    write_started,
)
from tinysched.spool.seals import whole

_LIMIT = 1 << 20
# So often a record is read again that may be just being written.
_TRIES = 3


class RunDir:
    """One attempt on the disk.

    `worker_lock_fd` and `alive_fd` are -1, or hold the locks: who forks a worker closes its own
    copies with `release_locks`. A worker that lets go of `alive_fd` after the launch can ask
    `job_alive` whether something of its job lives.
    """

    def __init__(self, runs: Folder, run: RunId) -> None:
        self.run = run
        self.worker_lock_fd = -1
        self.alive_fd = -1
        self._runs = runs
        self._name = str(run)
        self._kept: Folder | None = None

    @classmethod
    def inside(cls, runs: Folder, run: RunId, folder: Folder) -> RunDir:
        """One whose directory is open already, and gets its name later."""
        made = cls(runs, run)
        made._kept = folder
        return made

    @property
    def path(self) -> str:
        """The directory."""
        return self._runs.where(self._name)

    @property
    def socket_path(self) -> str:
        """Where the worker listens; too long a path is reached through `directory_fd`."""
        return f"{self.path}/{tree.SOCKET}"

    @property
    def directory_fd(self) -> int:
        """The directory, open from the first use until `close`.

        Raises: SpoolError.
        """
        return self.keep_open().fd

    def keep_open(self) -> Folder:
        """The directory, open from now on until `close`: for whoever has much to do in it.

        Raises: SpoolError.
        """
        if self._kept is None:
            self._kept = self._runs.open_below(self._name)
        return self._kept

    def let_go(self) -> None:
        """Let go of the directory, not of the locks: a run costs no descriptor for good."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def close(self) -> None:
        """Let go of all descriptors, the locks' too."""
        self.release_locks()
        self.let_go()

    def release_locks(self) -> None:
        """Close this process's copies of the locks; they go when no other copy is left."""
        self.release_worker_lock()
        self.release_alive()

    def release_worker_lock(self) -> None:
        """Close this process's copy of the worker's lock."""
        if self.worker_lock_fd >= 0:
            self._runs.disk.close(self.worker_lock_fd)
            self.worker_lock_fd = -1

    def release_alive(self) -> None:
        """Close this process's copy of the job's sign of life."""
        if self.alive_fd >= 0:
            self._runs.disk.close(self.alive_fd)
            self.alive_fd = -1

    def grant(self) -> Grant | None:
        """What was granted; None: the claim was not completed.

        Raises: SpoolError.
        """
        raw = whole(self._read(tree.GRANT) or b"")
        grant = None if raw is None else read_grant(raw, f"{self.path}/{tree.GRANT}")
        return grant if grant is not None and grant.run == self.run else None

    def secure(self) -> None:
        """Wait until the claim is on the disk: before that nothing of it may be started.

        Raises: SpoolError.
        """
        with self._there() as folder:
            folder.sync_file(tree.GRANT)
            folder.sync()
        self._runs.sync()

    def take_locks(self) -> bool:
        """Take both locks of a run whose worker is gone; False: somebody lives, none is taken."""
        self.release_locks()
        with self._open() as folder:
            if folder is None:
                return False
            self.worker_lock_fd = _lock(folder, tree.WORKER_LOCK)
            try:
                if self.worker_lock_fd >= 0:
                    self.alive_fd = _lock(folder, tree.ALIVE)
            finally:
                if self.alive_fd < 0:
                    self.release_locks()
        return self.alive_fd >= 0

    def sign(self) -> None:
        """Write this process's pid into the worker's lock, which it holds.

        Raises: SpoolError.
        """
        disk = self._runs.disk
        try:
            posix.lseek(self.worker_lock_fd, 0, 0)
            content = b"%d\n" % posix.getpid()
            write_all(disk, self.worker_lock_fd, content)
            disk.truncate(self.worker_lock_fd, len(content))
        except OSError as error:
            raise cannot("write", f"{self.path}/{tree.WORKER_LOCK}", error) from error

    def worker_pid(self) -> int | None:
        """The living worker's pid; None: there is none, or it is just about to write it."""
        if not self.worker_alive():
            return None
        return pid_in(self._read(tree.WORKER_LOCK))

    def worker_alive(self) -> bool:
        """Whether some process holds the worker's lock (it may be this one)."""
        return self._is_locked(tree.WORKER_LOCK)

    def job_alive(self) -> bool:
        """Whether some process holds the job's sign of life (it may be this one)."""
        return self._is_locked(tree.ALIVE)

    def reserve_exit(self) -> None:
        """Take the room for the exit record now, so that a full disk refuses the start.

        Raises: SpoolError.
        """
        with self._there() as folder:
            exitrecord.reserve(folder)

    def write_started(self, started: Started) -> None:
        """Write down what is about to become the job: called by that process before its exec.

        Survives a kill; after a power cut the boot id settles it.
        """
        content = write_started(self.run, started)
        with self._there() as folder:
            if folder.overwrite(tree.STARTED, content, tree.CLOSED_FILE_MODE):
                return
            if folder.overwrite(tree.STARTED_SPARE, content, tree.CLOSED_FILE_MODE):
                folder.take(tree.STARTED, folder, tree.STARTED_SPARE)
            else:
                folder.put(tree.STARTED, content, tree.CLOSED_FILE_MODE)

    @property
    def started_path(self) -> str:
        """Where `write_started` writes: there is such a file once that is done, and not before."""
        return f"{self.path}/{tree.STARTED}"

    def show_script(self, raw_id: int, token: str) -> str:
        """A path to what was submitted that names the job, as scripts of Slurm find it in $0.

        Raises: SpoolError.
        """
        name = f"job{raw_id}"
        with self._there() as folder:
            try:
                folder.disk.symlink(f"../../requests/{token}", name, folder.fd)
            except FileExistsError:
                pass  # by a worker that died before the start
            except OSError as error:
                raise cannot("make", folder.where(name), error) from error
        return f"{self.path}/{name}/{tree.SUBMITTED}"

    def show_socket(self, name: str) -> None:
        """Let its worker be called here, which listens beside all runs under a name of its own.

        Raises: SpoolError.
        """
        with self._there() as folder:
            folder.remove(tree.SOCKET)  # of a worker that was killed before the start
            try:
                folder.disk.link(name, tree.SOCKET, self._runs.fd, folder.fd)
            except OSError as error:
                raise cannot("make", folder.where(tree.SOCKET), error) from error

    def started(self) -> Started | None:
        """What was started; None: nothing was.

        Raises: SpoolError.
        """
        raw = self._read(tree.STARTED)
        for _ in range(_TRIES):
            if raw is None or whole(raw) is not None:
                break
            posix.sched_yield()  # it is just being written
            raw = self._read(tree.STARTED)
        if raw is None:
            return None
        return read_started(whole(raw) or raw, self.started_path, self.run)

    def write_lingering(self, names: tuple[str, ...]) -> None:
        """Write down what has outlived KILL; the room for it was never reserved.

        Raises: SpoolError.
        """
        with self._there() as folder:
            folder.put(tree.LINGERING, write_lingering(names), tree.CLOSED_FILE_MODE)

    @property
    def start_noted_at(self) -> float:
        """When its start was written down (UTC, seconds), however damaged; 0.0: it was not."""
        with suppress(SpoolError):
            if self.started() is None:
                return 0.0
        return self._written_at(tree.STARTED)

    @property
    def end_noted_at(self) -> float:
        """When its end was written down (UTC, seconds); 0.0: it was not."""
        return self._written_at(tree.EXIT)

    def _written_at(self, name: str) -> float:
        with self._open() as folder:
            status = None if folder is None else folder.status(name)
        return 0.0 if status is None else status.st_mtime

    def lingering(self) -> tuple[str, ...]:
        """What has outlived KILL, as written down last.

        Raises: SpoolError.
        """
        raw = self._read(tree.LINGERING)
        return () if raw is None else read_lingering(raw, f"{self.path}/{tree.LINGERING}")

    def write_amended(self, amended: AmendedRun) -> None:
        """Write down what was changed of it; the room for it was never reserved.

        Raises: SpoolError.
        """
        with self._there() as folder:
            folder.put(tree.AMENDED, runrecords.write_amended(amended), tree.CLOSED_FILE_MODE)

    def amended(self) -> AmendedRun | None:
        """What was changed of it since its grant; None: nothing.

        Raises: SpoolError.
        """
        raw = self._read(tree.AMENDED)
        return None if raw is None else runrecords.read_amended(raw, f"{self.path}/{tree.AMENDED}")

    def write_ending(self, ending: Ending) -> None:
        """Write the exit record durably, into what was reserved; the first one stays.

        Raises: SpoolError.
        """
        with self._there() as folder:
            exitrecord.write(folder, ending, folder.disk.sync)
            exitrecord.secure(folder)

    def note_ending(self, ending: Ending) -> None:
        """The same without waiting for the disk.

        Survives a kill. A power cut may take it until `secure_ending`, or until whoever is told of
        it has written it down. Raises: SpoolError.
        """
        with self._there() as folder:
            exitrecord.write(folder, ending, exitrecord.wait_not)

    def secure_ending(self) -> None:
        """Wait until the exit record is on the disk.

        Raises: SpoolError.
        """
        with self._there() as folder:
            exitrecord.secure(folder)

    def ending(self) -> Ending | None:
        """How it ended; None: nobody has written that yet, or a power cut has taken it.

        Raises: SpoolError.
        """
        with self._open() as folder:
            return None if folder is None else exitrecord.found_in(folder, self.run)

    def forget(self) -> None:
        """Remove it: at once under a name that counts for nothing, then file by file.

        Raises: SpoolError.
        """
        self.close()
        gone = f"{tree.GONE_PREFIX}{self._name}"
        self._runs.drop_folder(gone)
        if self._runs.status(self._name) is not None:
            self._runs.take(gone, self._runs, self._name)
            self._runs.drop_folder(gone)

    def _read(self, name: str) -> bytes | None:
        with self._open() as folder:
            return None if folder is None else folder.read(name, _LIMIT)

    def _is_locked(self, name: str) -> bool:
        with self._open() as folder:
            try:
                return folder is not None and is_locked(folder, name)
            except SpoolError as error:
                if is_own_fault(error):
                    raise
                return False  # whatever lies there, nobody can be seen to hold it

    @contextmanager
    def _open(self) -> Iterator[Folder | None]:
        """The directory for one operation: a run costs no descriptor for good."""
        if self._kept is not None:
            yield self._kept
            return
        folder = self._runs.find_below(self._name)
        try:
            yield folder
        finally:
            if folder is not None:
                folder.close()

    @contextmanager
    def _there(self) -> Iterator[Folder]:
        with self._open() as folder:
            if folder is None:
                raise SpoolError(f"cannot open {self.path}: No such file or directory")
            yield folder


def _lock(folder: Folder, name: str) -> int:
    """Open and lock; -1: somebody else holds it."""
    fd = folder.keep(name, tree.CLOSED_FILE_MODE)
    try:
        if try_lock(folder.disk, fd):
            return fd
    except OSError as error:
        folder.disk.close(fd)
        raise cannot("lock", folder.where(name), error) from error
    folder.disk.close(fd)
    return -1
