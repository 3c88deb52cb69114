"""The job that an srun is in: found by its variables, known by the grant in its directory."""

from __future__ import annotations

import posix

from tinysched.host import caller
from tinysched.script.slurm.retelling import complaint
from tinysched.spool import tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tinysched.errors import VerbatimError
    from tinysched.site import Site

_COOKIE = b"TJS_COOKIE"
_NUMBERS = ("SLURM_JOB_ID", "SLURM_JOBID")


class Place:
    """One run. `id` and `task` name it, `raw_id` is what %j and SLURM_JOB_ID say.

    `is_ours`: this process is a part of it, and is ended with it.
    """

    def __init__(self, path: str, facts: Mapping[str, str]) -> None:
        name = path.rpartition("/")[2]
        number, task, _ = tree.read_run_name(name) or (0, None, 0)
        self.path = path
        self.id = number
        self.task = task
        self.raw_id = int(facts["raw_id"])
        self.cores = int(facts["cores"])
        self.memory_mib = int(facts["memory_mib"])
        self.cluster = facts["cluster"]
        self.kill_wait_s = float(facts["kill_wait_s"])
        self.cookie = f"{facts['token']}.{name}"
        self.is_ours = False


def number_in(variables: Mapping[str, str]) -> str | None:
    """The job that variables speak of; None: this is no part of a job."""
    for name in _NUMBERS:
        if name in variables:
            return variables[name]
    return None


def find(site: Site, wanted: str) -> Place:
    """The run of a job or task by its number.

    Raises: VerbatimError if this user has none that runs.
    """
    place = _own(site)
    if place is not None and wanted in (str(place.raw_id), _name(place)):
        place.is_ours = True
        return place
    for path in _paths(site):
        place = _read(path)
        if place is not None and wanted in (str(place.raw_id), _name(place)):
            return place
    raise _unknown(wanted)


def _own(site: Site) -> Place | None:
    """The run whose mark this process carries."""
    token, _, name = caller.variables().get(_COOKIE, b"").decode("ascii", "replace").partition(".")
    if tree.read_run_name(name) is None:
        return None
    place = _read(f"{_runs(site)}/{name}")
    return place if place is not None and place.cookie == f"{token}.{name}" else None


def _name(place: Place) -> str:
    return str(place.id) if place.task is None else f"{place.id}_{place.task}"


def _runs(site: Site) -> str:
    return f"{tree.users_dir(site.root)}/{tree.user_name(posix.getuid())}/runs"


def _paths(site: Site) -> Iterator[str]:
    try:
        names = posix.listdir(_runs(site))
    except OSError:
        return
    for name in names:
        if tree.read_run_name(name) is not None:
            yield f"{_runs(site)}/{name}"


def _read(path: str) -> Place | None:
    """A run that has not ended; None: no such."""
    try:
        content = caller.whole(f"{path}/{tree.GRANT}").decode("utf-8", "replace")
        posix.stat(f"{path}/{tree.STARTED}")
    except OSError:
        return None
    # Not by json, which takes longer to load than all the rest: a line a fact, as it is written.
    facts: dict[str, str] = {}
    for line in content.split("\n"):
        name, _, value = line.strip().rstrip(",").partition(": ")
        facts[name.strip('"')] = value.strip('"')
    try:
        posix.stat(f"{path}/{tree.EXIT}")
    except OSError:
        try:
            return Place(path, facts)
        except (KeyError, ValueError):
            return None
    return None


def _unknown(wanted: str) -> VerbatimError:
    error = complaint(
        "srun", f"Unable to confirm allocation for job {wanted}: Invalid job id specified"
    )
    error.text += (
        f"srun: Check SLURM_JOB_ID environment variable. Expired or invalid job {wanted}\n"
    )
    return error
