"""Submissions by sbatch: what the queue refuses of them, and the answers, in Slurm's words."""

from __future__ import annotations

from collections.abc import Callable

from tinysched.errors import TinyschedError, VerbatimError
from tinysched.host.clock import Clock
from tinysched.host.cores import short_hostname
from tinysched.job.model import Job
from tinysched.job.quantities import format_time
from tinysched.job.request import Request
from tinysched.policy.capacity import Capacity
from tinysched.programs.dispatch.answer import Answer
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.outlook import Outlook
from tinysched.programs.dispatch.slurm.nodecheck import NO_SUCH_NODE, node_complaint
from tinysched.programs.dispatch.terms import Terms
from tinysched.script.slurm.refusals import FAILED, no_parts, refusal, submission_failed
from tinysched.script.submission import Submission

_NO_GRES = "Invalid generic resource (gres) specification"
_GPUS = ("gpus", "gpus-per-node", "gpus-per-socket", "gpus-per-task", "gres")
_ONLY_WITH_GPUS = ("cpus-per-gpu", "mem-per-gpu", "ntasks-per-gpu", "ntasks-per-tres")
_NO_CLUSTER = (
    "'{0}' can't be reached now, or it is an invalid entry for --cluster."
    "  Use 'sacctmgr list clusters' to see available clusters."
)
# Options whose every value but an empty one is refused, in the order of the controller's checks.
_REFUSED = {
    "licenses": "Invalid license specification",
    "dependency": "Job dependency problem",
    "batch": "Job --batch option is invalid or not a subset of --constraints",
    "constraint": "Invalid feature specification",
    "prefer": "Invalid preferred feature specification",
    "reservation": "Requested reservation is invalid",
}
ARRAY = "Invalid job array specification"


class Sbatch:
    """Speaks with users of sbatch."""

    def __init__(
        self,
        ledger: Ledger,
        outlook: Outlook,
        clock: Clock,
        terms: Callable[[], Terms],
        is_admin: Callable[[int], bool],
    ) -> None:
        self._ledger = ledger
        self._outlook = outlook
        self._clock = clock
        self._terms = terms
        self._is_admin = is_admin

    def check(self, job: Job, read: Submission) -> None:
        """Refuses what Slurm's controller would.

        Raises: VerbatimError.
        """
        try:
            self._check(job, is_test=read.test_only)
        except VerbatimError as refused:
            if read.test_only:
                raise _allocation_failure(refused) from None
            raise

    def in_its_words(self, error: TinyschedError) -> TinyschedError:
        """Our own reasons to refuse a job, as sbatch says such things."""
        return error if isinstance(error, VerbatimError) else submission_failed(error.sentence)

    def accepted(self, job: Job, read: Submission) -> Answer:
        """What a submission is answered with."""
        cluster = self._terms().cluster if "clusters" in job.request.stored else ""
        said = f"Submitted batch job {job.id}" + (f" on cluster {cluster}" if cluster else "")
        if read.parsable:
            said = f"{job.id};{cluster}" if cluster else str(job.id)
        more = (("id", str(job.id).encode()), ("wait", b"1" if read.wait else b"0"))
        out = "" if read.quiet else f"{said}\n"
        return Answer(out=out, err=_warnings(read), more=more)

    def tested(self, job: Job, read: Submission) -> Answer:
        """When a job would start that is not submitted.

        Raises: VerbatimError if never.
        """
        capacity = self._ledger.books.capacity
        request = job.request
        cores = capacity.cores_of(request)
        obstacle = capacity.obstacle(job)
        is_too_large = cores > capacity.cores or node_complaint(request, capacity) is not None
        if is_too_large or (obstacle is not None and obstacle.name == "PartitionConfig"):
            raise VerbatimError(
                "allocation failure: Requested node configuration is not available\n"
            )
        now = self._clock.wall()
        prospect = self._outlook.snapshot(job.uid, ()).prospect(job)
        at = max(now, request.begin_at or 0.0, (prospect and prospect.enough_at) or 0.0)
        where = self._outlook.standing(job).partition.partition(",")[0] or self._terms().cluster
        moment = format_time(at, self._clock.utc_offset_s(at))
        words = (
            f"Job {self._ledger.new_id()} to start at {moment} using {cores} processors"
            f" on nodes {short_hostname()} in partition {where}"
        )
        return Answer(err=_warnings(read) + ("" if read.quiet else _line(words)))

    def _check(self, job: Job, *, is_test: bool) -> None:
        request, capacity = job.request, self._ledger.books.capacity
        self._check_clusters(request)
        if "array" in request.stored:
            raise submission_failed(ARRAY)
        _check_partitions(job, capacity)
        self._check_times(job)
        _check_gres(request)
        complaint = node_complaint(request, capacity) or ()
        if NO_SUCH_NODE in complaint:
            raise submission_failed(NO_SUCH_NODE)
        if request.stored.get("dependency", "").lower().startswith("expand:"):
            raise no_parts()
        for option, words in _REFUSED.items():
            if request.stored.get(option) or (option == "batch" and option in request.stored):
                raise submission_failed(words)
        if "reboot" in request.stored:
            raise submission_failed(
                "Access/permission denied", "rebooting of nodes is only allowed for admins"
            )
        if not is_test:
            self._check_room(job, complaint)

    def _check_times(self, job: Job) -> None:
        request = job.request
        if request.nice < 0 and not self._is_admin(job.uid):
            raise submission_failed("Invalid --nice value")
        if request.deadline_at is not None and request.deadline_at < int(self._clock.wall()):
            raise submission_failed(
                "Requested time limit is invalid (missing or exceeds some limit)"
            )
        _check_time_min(job, self._ledger.books.capacity)
        if request.stored.get("acctg-freq") == "0":
            raise submission_failed("Invalid accounting frequency requested")

    def _check_room(self, job: Job, complaint: tuple[str, ...]) -> None:
        """What the host does not have; of a held job that is looked at once it is released."""
        request, capacity = job.request, self._ledger.books.capacity
        if request.stored.get("nodes") == "0" and not request.held:
            raise submission_failed("Node count specification invalid")
        can_wait = capacity.obstacle(job) is not None or request.cores > capacity.cores
        if complaint and not request.held and not can_wait:
            raise refusal("\n".join((*complaint[:-1], f"{FAILED}{complaint[-1]}")))

    def _check_clusters(self, request: Request) -> None:
        named = request.stored.get("clusters")
        if named is None:
            return
        unknown = [one for one in named.split(",") if one not in (self._terms().cluster, "all")]
        if unknown:
            words = [f"No cluster '{one}' known by database." for one in unknown]
            raise refusal("\n".join((*words, _NO_CLUSTER.format(named))))


def _check_partitions(job: Job, capacity: Capacity) -> None:
    """Unknown partitions, and those of others; where there are none, any name is kept."""
    if not capacity.partitions:
        return
    known = {one.name for one in capacity.partitions}
    named = job.request.partition
    names = [] if named is None else list(filter(None, named.split(","))) or [""]
    for name in names:
        if name not in known:
            words = f"invalid partition specified: {name or '(null)'}"
            raise submission_failed("Invalid partition name specified", words)
    if not capacity.admits(job):
        raise submission_failed("User's group not permitted to use this partition")


def _check_time_min(job: Job, capacity: Capacity) -> None:
    least = job.request.stored.get("time-min")
    if least is None:
        return
    limit_s = capacity.limit_s(job)
    if least == "0" or (limit_s is not None and int(least) > limit_s):
        raise submission_failed(
            "Invalid time-min specification (exceeds job's time or other limits)"
        )


def _check_gres(request: Request) -> None:
    """There is nothing but cores and memory; none of it may be asked for."""
    if request.stored.get("gres") == "":
        raise submission_failed("Invalid Trackable RESource (TRES) specification")
    wants = any(_wants_some(request.stored[option]) for option in _GPUS if option in request.stored)
    if wants or any(option in request.stored for option in _ONLY_WITH_GPUS):
        raise refusal(_NO_GRES)


def _wants_some(text: str) -> bool:
    """Whether a list such as `gpu:2` or `0` asks for anything."""
    if text == "none":
        return False
    return any(item.rpartition(":")[2] != "0" for item in text.split(","))


def _allocation_failure(refused: VerbatimError) -> VerbatimError:
    """The same refusal, as --test-only says it."""
    kept: list[str] = []
    mark = f"sbatch: error: {FAILED}"
    for line in refused.text.splitlines():
        if line.startswith(mark):
            kept.append(f"allocation failure: {line.removeprefix(mark)}")
        else:
            kept.append(line)
    return VerbatimError("".join(f"{line}\n" for line in kept), refused.exit_code)


def _warnings(read: Submission) -> str:
    """What its user is told besides; who wants quiet hears of errors only."""
    words = read.warnings
    return "".join(_line(each) for each in words if not read.quiet or each.startswith("error:"))


def _line(words: str) -> str:
    return f"sbatch: {words}\n"
