"""From a grant to a job ready to be launched: the submitter's own words, read by his own agent."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tinysched.errors import TinyschedError
from tinysched.host import cores, identity, limits
from tinysched.host.launch import Launch
from tinysched.job import (
    allocationenvironment,
    alterations,
    environment,
    filenames,
    notices,
    slurmenvironment,
)
from tinysched.job.request import OpenMode, Request
from tinysched.job.runs import Grant
from tinysched.script import submission
from tinysched.script.slurm import names
from tinysched.script.submission import Submission
from tinysched.site import Site
from tinysched.spool.private import Private
from tinysched.spool.requests import StoredRequest
from tinysched.spool.runs import RunDir

SAFE_NAME = re.compile(r"[A-Za-z0-9_.-]+")
ANY_INDEX = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One attempt that this user's own stored request backs."""

    site: Site
    grant: Grant
    request: Request
    stored: StoredRequest
    person: environment.Person
    said: slurmenvironment.Said = field(default_factory=dict, repr=False)

    @property
    def output(self) -> str:
        """Where stdout goes; '' if the job keeps its client's terminal."""
        return "" if self.request.foreground else filenames.output_path(self.request, self._names())

    @property
    def error(self) -> str:
        """Where stderr goes."""
        return "" if self.request.foreground else filenames.error_path(self.request, self._names())

    def _names(self) -> filenames.Names:
        return filenames.Names(
            id=self.grant.run.job,
            raw_id=self.grant.raw_id,
            name=self.request.name,
            user=self.person.user,
            node=self.person.host,
        )

    def launch(self, run: RunDir, announce: Callable[[int], None]) -> Launch:
        """How to start it.

        Raises: TinyschedError if what was submitted cannot be run.
        """
        request, stored, person = self.request, self.stored, self.person
        is_allocation = stored.command in names.ALLOCATIONS
        voice = notices.voice(person.host, "" if is_allocation else stored.command)

        if request.foreground:
            argv = list(request.arguments)
            streams: tuple[str | int, str | int, str | int] = (0, 1, 2)
        else:
            path = stored.script_path
            if voice:
                path = run.show_script(self.grant.raw_id, stored.token)
            argv = [path, *request.arguments]
            streams = (self._input(), self.output, self.error)
        return Launch(
            argv=argv,
            environment=self._variables(person),
            work_dir=request.work_dir,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            append=request.open_mode is OpenMode.APPEND or (self.grant.restarts > 0 and not voice),
            umask=stored.umask,
            limits=self._limits() if voice or "propagate" in self.said else stored.limits,
            keep=(run.alive_fd,),
            pid_variable=b"" if is_allocation else environment.PID_VARIABLE,
            announce=announce,
            record=run.started_path,
            foreground=request.foreground,
            called="" if request.foreground else request.name,
            voice=voice,
        )

    def _variables(self, person: environment.Person) -> dict[bytes, bytes]:
        request, submitted = self.request, self.stored.environment
        is_slurms = self.stored.command in names.SUBMITTING
        wants_login = (
            slurmenvironment.wants_login(self.said)
            if is_slurms
            else environment.wants_login(request)
        )
        login = _login(person.uid) if wants_login else {}
        if not is_slurms:
            return environment.environment(request, self.grant, person, submitted, login)
        sources = (submitted, login)
        found = slurmenvironment.variables(request, self.said, self.grant, person, sources)
        if self.stored.command not in names.ALLOCATIONS:
            return found
        is_srun = self.stored.command == names.SRUN
        found = allocationenvironment.reduced(found, submitted, self.said, is_srun=is_srun)
        if is_srun:
            found[b"TJS_STEP"] = b"whole"  # see commands/srun.py
        return found

    def _limits(self) -> str:
        """Those of --propagate; what a job may have resident is what memory it was given."""
        wanted = self.said.get("propagate", "ALL") or "ALL"
        names = (
            None
            if wanted == "ALL"
            else [word.removeprefix("RLIMIT_") for word in wanted.split(",")]
        )
        return limits.chosen(self.stored.limits, names, self.grant.memory_mib)

    def _input(self) -> str:
        return filenames.input_path(self.request, self._names())


def _login(uid: int) -> dict[bytes, bytes]:
    from tinysched.host import login  # large, and hardly any job asks for it

    return login.environment(uid)


def caller() -> environment.Person:
    """Who jobs run as: whoever runs this process."""
    uid = os.getuid()
    return environment.Person(
        user=identity.user_name(uid), uid=uid, gid=os.getgid(), host=cores.short_hostname()
    )


class Registry:
    """Reads each stored request once: the tasks of an array share it."""

    def __init__(self, site: Site, private: Private) -> None:
        self._site = site
        self._private = private
        self._read: dict[str, tuple[StoredRequest, Submission]] = {}
        self._bound: dict[str, int] = {}
        self._person = caller()

    def assign(self, grant: Grant) -> Assignment:
        """The assignment that a grant stands for.

        Raises: TinyschedError if this user never submitted such a thing.
        """
        if not all(map(SAFE_NAME.fullmatch, (grant.cluster, grant.partition or grant.cluster))):
            raise TinyschedError("cannot run this job: its cluster or partition is no name")
        job = grant.run.job
        if self._bound.get(grant.token) != job.number:
            self._private.bind(grant.token, job.number)
            self._bound[grant.token] = job.number
        stored, submitted = self._request(grant.token)
        altered = self._private.alterations(grant.token)
        request = alterations.applied(submitted.request, altered)
        tasks = None if request.array is None else request.array.tasks
        fits = job.task is None if tasks is None else job.task is not None and job.task in tasks
        if not fits:
            raise TinyschedError(f"cannot run {job}: the request has no such task")
        if grant.run.attempt > 1 and not (request.requeue and grant.restarts):
            raise TinyschedError(f"cannot run {job} again: it was not requeued, or may not be")
        return Assignment(
            site=self._site,
            grant=grant,
            request=request,
            stored=stored,
            person=self._person,
            said=submitted.said,
        )

    def request(self, token: str) -> Request:
        """What was submitted under a token. Raises: TinyschedError."""
        return self._request(token)[1].request

    def forget(self, token: str) -> None:
        """Drops what was read of a request."""
        self._read.pop(token, None)
        self._bound.pop(token, None)

    def _request(self, token: str) -> tuple[StoredRequest, Submission]:
        if token not in self._read:
            stored = self._private.request(token)
            self._read[token] = (stored, self._parse(stored))
        return self._read[token]

    def _parse(self, stored: StoredRequest) -> Submission:
        if stored.command == "run_job":
            return submission.read_foreground(list(stored.argv), stored.cwd)
        if stored.command in names.ALLOCATIONS:
            return self._allocation(stored)
        script = self._private.script(stored.token)
        settings = submission.Settings(max_array_index=ANY_INDEX, command=stored.command)
        read = submission.read
        if stored.command == names.SBATCH:
            from tinysched.script.slurm import sbatch

            read = sbatch.read
        return read(list(stored.argv), stored.variables, stored.cwd, script, settings)

    def _allocation(self, stored: StoredRequest) -> Submission:
        """A job of srun's is srun once more, now as a step of it; one of salloc's its command."""
        from tinysched.script.slurm import allocations

        words = list(stored.argv)
        settings = submission.Settings(max_array_index=ANY_INDEX, command=stored.command)
        read = allocations.read(stored.command, words, stored.variables, stored.cwd, settings)
        request = read.request
        if stored.command == names.SRUN:
            # Where to go, and what to say if there is no such place, is srun's affair.
            arguments = (f"{self._site.bin_dir}/tsrun", *words)
            request = replace(request, arguments=arguments, chdir=None)
        elif request.foreground and not request.arguments:
            request = replace(request, arguments=(identity.shell(os.getuid()),))
        return replace(read, request=request)
