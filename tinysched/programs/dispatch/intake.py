"""Where submissions come in: read, checked, given a number, and safe on disk before the answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from tinysched.errors import RefusedError, TinyschedError, WireError
from tinysched.host import identity
from tinysched.host.clock import Clock
from tinysched.host.cores import short_hostname
from tinysched.job.model import Job
from tinysched.job.request import Request
from tinysched.programs import events
from tinysched.programs.dispatch import submissions
from tinysched.programs.dispatch.agents import Agents
from tinysched.programs.dispatch.answer import Answer, encode
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.outlook import Outlook
from tinysched.programs.dispatch.terms import Terms
from tinysched.script import submission
from tinysched.script.slurm import names
from tinysched.wire.channel import Channel, Message

LOG = logging.getLogger("dispatcher")
COMMANDS = ("tsbatch", "run_job", *names.SUBMITTING)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tinysched.programs.dispatch.slurm.sbatch import Sbatch


class Intake:
    """Turns submissions into jobs; the same token of the same user is the same job."""

    def __init__(
        self,
        ledger: Ledger,
        agents: Agents,
        outlook: Outlook,
        clock: Clock,
        terms: Callable[[], Terms],
        is_admin: Callable[[int], bool],
    ) -> None:
        self._is_admin = is_admin
        self._slurms: Sbatch | None = None
        self._ledger = ledger
        self._books = ledger.books
        self._agents = agents
        self._outlook = outlook
        self._clock = clock
        self._terms = terms
        self._latest: dict[int, Request] = {}

    @property
    def _sbatch(self) -> Sbatch:
        """For sbatch's words; loaded when somebody has typed one of Slurm's commands."""
        from tinysched.programs.dispatch.slurm.sbatch import Sbatch

        if self._slurms is None:
            parts = (self._ledger, self._outlook, self._clock, self._terms)
            self._slurms = Sbatch(*parts, self._is_admin)
        return self._slurms

    def submit(self, channel: Channel, message: Message) -> Answer:
        """Answers tsbatch and sbatch, and seats a foreground client.

        Raises: TinyschedError with the refusal.
        """
        try:
            return self._submit(channel, message)
        except TinyschedError as error:
            command = message.text("command")
            if command not in names.SUBMITTING:
                raise
            from tinysched.script.slurm.retelling import retold

            raise retold(self._sbatch.in_its_words(error), command) from error

    def _submit(self, channel: Channel, message: Message) -> Answer:
        uid, token = channel.peer.uid, message.text("token")
        if not submissions.TOKEN.fullmatch(token):
            raise WireError("cannot accept a job: its token is none of ours")
        command = message.text("command")
        if command not in COMMANDS:
            raise WireError("cannot accept a job: no command of ours sends this")
        self._check_size(message)
        known = self._books.by_token(uid, token)
        read = submissions.read(command, message, self._terms(), self._clock)
        is_slurms = command in names.SUBMITTING
        if known is None:
            job = self._job(0, uid, token, read.request)
            if is_slurms:
                self._sbatch.check(job, read)
            if read.test_only:
                return self._tested(job, read, command) if is_slurms else self._test_only(read)
            known = self._accept(uid, token, read, message)
        if known.request.foreground:
            self._agents.fronts.seat(known.id, channel)
        if command == names.SBATCH:
            return self._sbatch.accepted(known, read)
        return self._accepted(known, read, command)

    def _check_size(self, message: Message) -> None:
        """Raises: RefusedError for more than anybody may have read and kept here."""
        size = sum(len(value) for _, value in message.fields)
        most_kib = self._terms().max_request_kib
        if size > most_kib * 1024:
            raise RefusedError(
                f"cannot accept a job: script, command line and SBATCH_* variables are {size}"
                f" bytes, and max_request_kib is {most_kib}"
            )

    def _accept(
        self, uid: int, token: str, read: submission.Submission, message: Message
    ) -> Job:  # fmt: skip
        most = self._terms().max_jobs_per_user
        if self._books.unfinished[uid] >= most:
            raise RefusedError(
                f"cannot accept a job: you have {self._books.unfinished[uid]} unfinished jobs,"
                f" and max_jobs_per_user is {most}",
                "wait for some to end, or cancel some",
            )
        if read.request.foreground and message.text("command") not in names.SUBMITTING:
            self._check_fits(read.request)  # nobody sits and waits for what can never come
        request = self._shared(uid, submissions.kept(read.request))
        self._check_array(request)
        number = self._ledger.new_id()
        job = self._job(number, uid, token, request)
        self._ledger.accept(job, message.raw("script", b""))
        tasks = 0 if request.array is None else len(request.array.tasks)
        facts = (number, job.user, request.cores, request.limit_s, tasks, request.held)
        LOG.info(events.SUBMITTED, *facts)
        return self._books.jobs[number]

    def _shared(self, uid: int, request: Request) -> Request:
        """That of the same user's last job if this one asks for the same: so do most in a row."""
        former = self._latest.get(uid)
        if former is not None and former == request:
            return former
        self._latest[uid] = request
        return request

    def _job(self, number: int, uid: int, token: str, request: Request) -> Job:
        now = self._clock.wall()
        return submissions.new_job(number, uid, identity.user_name(uid), token, request, now)

    def _check_array(self, request: Request) -> None:
        """Raises: RefusedError for an array in so many pieces that all others would pay for it."""
        most = self._terms().max_array_pieces
        if request.array is not None and len(request.array.tasks.spans) > most:
            raise RefusedError(
                f"cannot accept a job: its array is {len(request.array.tasks.spans)} separate"
                f" ranges, and max_array_pieces is {most}"
            )

    def _accepted(self, job: Job, read: submission.Submission, command: str) -> Answer:
        said = str(job.id) if read.parsable else f"Submitted batch job {job.id}"
        silent = read.quiet or job.request.foreground
        mark = command if command in names.SUBMITTING else f"{command}: warning"
        warnings = "".join(f"{mark}: {words}\n" for words in read.warnings)
        waits = "" if command == "tsbatch" else str(self._outlook.why(job))
        if job.request.cores > self._books.cores_total:
            waits = "PartitionConfig"
        return Answer(
            out="" if silent else f"{said}\n",
            err=warnings,
            more=(("id", str(job.id).encode()), ("waits", encode(waits))),
        )

    def _tested(self, job: Job, read: submission.Submission, command: str) -> Answer:
        if command == names.SBATCH:
            return self._sbatch.tested(job, read)
        answer = self._sbatch.tested(job, replace(read, quiet=False))
        return replace(answer, err=answer.err.replace("sbatch: Job", f"{command}: job", 1))

    def _test_only(self, read: submission.Submission) -> Answer:
        request, total = read.request, self._books.cores_total
        self._check_fits(request)
        free = self._books.cores_free
        when = (
            "now" if free >= request.cores else f"when {request.cores - free} more cores are free"
        )
        words = f"would start {when}, using {request.cores} of {total} cores on {short_hostname()}"
        return Answer(err=f"tsbatch: {words}\n")

    def _check_fits(self, request: Request) -> None:
        total = self._books.cores_total
        if request.cores > total:
            raise RefusedError(
                f"cannot run this job: it needs {request.cores} cores, this queue has {total}"
            )
