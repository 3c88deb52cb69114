"""Claiming attempts: each is started once, whoever asks how often."""

from __future__ import annotations

from tinysched.errors import SpoolError
from tinysched.job.runs import Grant
from tinysched.spool import tree
from tinysched.spool.atomic import Folder
from tinysched.spool.disk import cannot
from tinysched.spool.runrecords import run_of, write_grant
from tinysched.spool.runs import RunDir


class AlreadyClaimedError(SpoolError):
    """This attempt was claimed before: it must not be started a second time."""


def claim(runs: Folder, grant: Grant) -> RunDir:
    """Claim an attempt; returns it with both locks taken.

    No other process can claim it any more. That a power cut does not undo it, before the job has
    begun, is for `RunDir.secure`. Raises: AlreadyClaimedError; SpoolError, and then nothing is left
    of the claim.
    """
    run = RunDir(runs, grant.run)
    name = str(grant.run)
    try:
        runs.disk.mkdir(name, tree.CLOSED_DIR_MODE, runs.fd)
    except FileExistsError as error:
        raise already(run) from error
    except OSError as error:
        raise cannot("make", run.path, error) from error
    try:
        _fill(runs, run, grant)
    except SpoolError:
        run.close()
        runs.drop_folder(name)
        raise
    return run


def already(run: RunDir) -> AlreadyClaimedError:
    """A sentence for who comes second."""
    return AlreadyClaimedError(f"cannot claim {run.path}: it was claimed before")


def _fill(runs: Folder, run: RunDir, grant: Grant) -> None:
    folder = run.keep_open()
    folder.set_mode(tree.CLOSED_DIR_MODE)
    if not run.take_locks():
        raise AlreadyClaimedError(f"cannot claim {run.path}: somebody holds its locks")
    folder.write_new(tree.GRANT, write_grant(grant), tree.CLOSED_FILE_MODE)
    run.let_go()


def all_runs(runs: Folder) -> list[RunDir]:
    """Every run, also one whose claim was not completed, in order of id."""
    found = [run for run in map(run_of, runs.names()) if run is not None]
    found.sort(key=lambda run: (run.job.number, run.job.task or 0, run.attempt))
    return [RunDir(runs, run) for run in found]
