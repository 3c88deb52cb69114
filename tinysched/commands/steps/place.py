"""The job that an srun is in: found by its variables, known by the grant in its directory."""

from __future__ import annotations

import posix

from tinysched.errors import TinyschedError
from tinysched.host import caller
from tinysched.script.slurm.retelling import complaint
from tinysched.spool import ownruns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tinysched.errors import VerbatimError
    from tinysched.site import Site
    from tinysched.spool.ownruns import OwnRun

_COOKIE = b"TJS_COOKIE"


class Place:
    """One run. `id` and `task` name it, `raw_id` is what %j and SLURM_JOB_ID say.

    `is_ours`: this process is a part of it, and is ended with it. `is_whole`: it was made for the
    step that begins. `step_cores`: of all cores those that are the step's.
    """

    def __init__(self, run: OwnRun) -> None:
        facts = run.facts
        self.path = run.path
        self.socket = run.socket
        self.id = run.number
        self.task = run.task
        self.raw_id = int(facts["raw_id"])
        self.cores = int(facts["cores"])
        self.memory_mib = int(facts["memory_mib"])
        self.cluster = facts["cluster"]
        self.partition = facts.get("partition") or self.cluster
        self.kill_wait_s = float(facts["kill_wait_s"])
        self.cookie = f"{facts['token']}.{run.name}"
        self.is_ours = self.is_whole = False
        self.step_cores = self.cores


def number_in(variables: Mapping[str, str]) -> str | None:
    """The job that variables speak of; None: this is no part of a job."""
    return variables.get("SLURM_JOB_ID")


def find(site: Site, wanted: str) -> Place:
    """The run of a job or task by its number.

    Raises: VerbatimError if this user has none that runs.
    """
    place = _own(site)
    if place is not None and wanted in (str(place.raw_id), _name(place)):
        place.is_ours = True
        return place
    for run in ownruns.all_of(site.root, posix.getuid()):
        place = _understood(run)
        if place is not None and wanted in (str(place.raw_id), _name(place)):
            return place
    raise _unknown(wanted, _why_not(site, wanted))


def _own(site: Site) -> Place | None:
    """The run whose mark this process carries."""
    token, _, name = caller.variables().get(_COOKIE, b"").decode("ascii", "replace").partition(".")
    place = _understood(ownruns.named(site.root, posix.getuid(), name))
    return place if place is not None and place.cookie == f"{token}.{name}" else None


def _name(place: Place) -> str:
    return str(place.id) if place.task is None else f"{place.id}_{place.task}"


def _understood(run: OwnRun | None) -> Place | None:
    try:
        return None if run is None else Place(run)
    except (KeyError, ValueError):
        return None


def _why_not(site: Site, wanted: str) -> str:
    """Why a job has no steps: it may yet have some."""
    from tinysched.commands import asking

    try:
        words = ["-h", "-j", wanted, "-t", "PD", "-o", "%t"]
        state = asking.ask(site, "squeue", "squeue", words).out
    except TinyschedError:
        state = b""
    return "Job is pending execution" if state.strip() else "Invalid job id specified"


def _unknown(wanted: str, why: str) -> VerbatimError:
    error = complaint("srun", f"Unable to confirm allocation for job {wanted}: {why}")
    error.text += (
        f"srun: Check SLURM_JOB_ID environment variable. Expired or invalid job {wanted}\n"
    )
    return error
