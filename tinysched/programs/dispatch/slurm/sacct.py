"""Answers sacct, in pieces: nobody waits long because somebody asks for a long history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from tinysched.errors import VerbatimError
from tinysched.host import identity
from tinysched.job.accounting import Accounting
from tinysched.job.model import Elements, Job, Outcome, Unit
from tinysched.job.ranges import Ranges
from tinysched.job.snapshot import Snapshot
from tinysched.programs.dispatch.answer import Answer, encode
from tinysched.programs.dispatch.parts import Parts
from tinysched.programs.dispatch.slurm.variables import variables
from tinysched.report.slurm import sacct as report
from tinysched.report.slurm.printed import Site
from tinysched.script.slurm import sacct as script
from tinysched.spool.endedsearch import Search
from tinysched.wire.channel import Channel, Message

# So much is answered at a time; then it is the turn of others.
PIECE_S = 0.05
PIECE = 2000
_LONGEST_REST = 1 << 20
_TOO_MANY = "sacct: error: too many jobs: ask for a shorter time (-S, -E)\n"
_OUTCOMES = frozenset(str(outcome.value) for outcome in Outcome)


class Sacct:
    """Tells what became of jobs; of those that ended it reads what may be meant, and no more."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def answer(self, channel: Channel, message: Message) -> Answer:
        """One piece of a listing.

        Field `rest`: some of what earlier pieces have left, as they have said; `more`: there is
        more of that; `found`: they told of jobs.
        """
        parts, uid = self._parts, channel.peer.uid
        asked = script.read(message.many("arg"), self._caller(uid, message))
        said = report.check(asked)
        if said is not None:
            return Answer(out=said.out, err=said.err, exit_code=said.exit_code)
        rest = message.text("rest", "")
        numbers = _read(rest) if rest else self._numbers(asked, uid)
        site = Site(place=parts.place, cluster=parts.terms().cluster, group_of=_group_of)
        is_first = message.text("found", "0") != "1"
        out, taken = self._piece(asked, numbers, uid, site, is_first=is_first)
        left = numbers - Ranges.of(taken)
        is_any = bool(out) or not is_first
        head = "" if rest else report.begin(asked)
        is_last = not left and message.text("more", "0") != "1"
        tail = report.end(asked, is_any=is_any) if is_last else ""
        more = [("rest", encode(_written(left)))] if left else []
        return Answer(
            out=head + out + tail,
            err="" if rest else asked.remarks,
            more=(*more, ("found", b"1" if is_any else b"0")),
        )

    def _caller(self, uid: int, message: Message) -> script.Caller:
        parts = self._parts
        return script.Caller(
            uid=uid,
            variables=variables(message),
            uid_of=identity.uid_of,
            gid_of=identity.gid_of,
            host=parts.place.host,
            cluster=parts.terms().cluster,
            now=parts.clock.wall(),
            offset_s=parts.clock.utc_offset_s,
        )

    def _numbers(self, asked: Accounting, uid: int) -> Ranges:
        """The jobs that may be meant; found without reading a record."""
        if asked.is_nothing:
            return Ranges()
        books = self._parts.ledger.books
        if asked.parts is not None:
            named = (part.selector.number for part in asked.parts)
            return Ranges.of(one for number in named for one in self._of(number))
        seen = self._seen(asked, uid)
        if seen is not None and not seen:
            return Ranges()
        known = {n for n, job in books.jobs.items() if seen is None or job.uid in seen}
        return Ranges.of(known | self._parts.ledger.ended_numbers(_search(asked, seen)))

    def _of(self, number: int) -> Iterator[int]:
        """A job's own number, and that of the array whose task goes by it."""
        yield number
        task = self._parts.ledger.books.by_raw_id(number)
        if task is not None:
            yield task.number

    def _seen(self, asked: Accounting, uid: int) -> frozenset[int] | None:
        """Whose jobs the caller means, and may see; None: anybody's."""
        uids = asked.wanted.uids
        if self._parts.rights.sees_all(uid):
            return uids
        own = frozenset({uid})
        return own if uids is None else own & uids

    def _piece(
        self, asked: Accounting, numbers: Ranges, uid: int, site: Site, *, is_first: bool
    ) -> tuple[str, list[int]]:
        """The lines of as many jobs as there is time for, and which were looked at."""
        clock = self._parts.clock
        until, taken = clock.boottime() + PIECE_S, list[int]()
        found: dict[int, Job] = {}
        units: dict[int, Sequence[Unit]] = {}
        for number in islice(numbers, PIECE):
            job, started = self._parts.ledger.look_up(number) or (None, ())
            taken.append(number)
            if job is not None and self._parts.rights.visible(uid, [job]):
                found[job.id] = job
                units[job.id] = started
            if clock.boottime() >= until:
                break
        snapshot = self._snapshot(uid, list(found.values()), units)
        return report.render(asked, snapshot, snapshot.jobs, site, is_first=is_first), taken

    def _snapshot(self, uid: int, jobs: list[Job], units: Mapping[int, Sequence[Unit]]) -> Snapshot:
        whole = self._parts.outlook.snapshot(uid, ())
        arrays = {job.id: units[job.id] for job in jobs if isinstance(job.work, Elements)}
        return replace(whole, jobs=jobs, units=arrays)


def _group_of(uid: int) -> tuple[int, str]:
    """Number and name of a user's primary group."""
    gid = identity.primary_gid(uid)
    return (uid, str(uid)) if gid is None else (gid, identity.group_name(gid))


def _search(asked: Accounting, uids: frozenset[int] | None) -> Search:
    states = asked.states
    outcomes = None
    if states is not None and states <= _OUTCOMES and not asked.duplicates:
        outcomes = states
    return Search(
        ended_since=asked.window.since, uids=uids, names=asked.wanted.names, outcomes=outcomes
    )


def _written(numbers: Ranges) -> str:
    text = str(numbers)
    if len(text) > _LONGEST_REST:
        raise VerbatimError(_TOO_MANY)
    return text


def _read(text: str) -> Ranges:
    try:
        return Ranges.parse(text)
    except ValueError:
        raise VerbatimError(_TOO_MANY) from None
