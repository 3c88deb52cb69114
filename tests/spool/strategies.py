"""Any job, task, grant and ending that can be written down."""

from __future__ import annotations

from hypothesis import strategies as st

from tinysched.job.dependencies import NO_DEPENDENCIES, Dependencies, Edge, Kind, Verdict
from tinysched.job.history import History
from tinysched.job.model import (
    Amended,
    Cancel,
    Elements,
    Ended,
    Exit,
    Granted,
    Hold,
    Job,
    JobId,
    Outcome,
    Pending,
    Reason,
    RunId,
    Running,
    Step,
    Task,
    Unit,
)
from tinysched.job.ranges import Ranges
from tinysched.job.request import Array, Export, OpenMode, Request
from tinysched.job.runs import Cause, Ending, Grant
from tinysched.job.signals import LimitSignal, Reach
from tinysched.job.usage import Usage

# The lone surrogates are how a file name of no encoding arrives.
characters = st.characters(exclude_categories=["Cs"]) | st.sampled_from("\udc80\udcff")
words = st.text(characters, max_size=12)
counts = st.integers(0, 2**40)
seconds = st.floats(0, 1e12) | st.floats(-1e6, 1e6)
numbers = st.integers(1, 10**17)
indices = st.integers(0, 10**6)
ranges = st.lists(indices, max_size=8).map(Ranges.of) | st.builds(
    lambda first, more, step: Ranges.span(first, first + more, step),
    indices, indices, st.integers(1, 9),
)  # fmt: skip
exits = st.builds(Exit, code=st.integers(0, 255), signal=st.integers(0, 64))
survivors = st.lists(words, max_size=4).map(tuple)
# A step is written to the thousandth of a second, its name as far as it can be printed.
moments = st.integers(0, 10**12).map(lambda thousandths: thousandths / 1000)
printable = st.text(st.characters(categories=["L", "N", "P"]), max_size=12)
steps = st.lists(
    st.builds(
        Step,
        number=st.integers(0, 10**6),
        name=printable,
        tasks=counts,
        cores=counts,
        started_at=moments,
        srun_pid=counts,
    )
    | st.builds(
        Step,
        number=st.integers(0, 10**6),
        name=printable,
        tasks=counts,
        cores=counts,
        started_at=moments,
        ended_at=moments,
        exit=exits,
        cpu_s=moments,
        system_s=moments,
        peak_memory_kib=counts,
    ),
    max_size=3,
).map(tuple)
usages = st.builds(
    Usage,
    system_ms=counts,
    peak_memory_kib=counts,
    peak_virtual_kib=counts,
    read_bytes=counts,
    written_bytes=counts,
)


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


states = st.one_of(
    st.builds(Pending, eligible_at=seconds, not_before=maybe(seconds)),
    st.builds(Granted, granted_at=seconds, cores=counts),
    st.builds(
        Running,
        granted_at=seconds,
        cores=counts,
        started_at=seconds,
        pid=counts,
        output=words,
        error=words,
        lingering=survivors,
    ),
    st.builds(
        Ended,
        outcome=st.sampled_from(Outcome),
        reason=st.builds(Reason, name=words, words=words),
        ended_at=seconds,
        exit=maybe(exits),
        started_at=maybe(seconds),
        elapsed_s=seconds,
        cpu_s=seconds,
        cores=counts,
        survivors=survivors,
        output=words,
        error=words,
        steps=steps,
        usage=usages,
    ),
)

limit_signals = st.builds(
    LimitSignal, number=st.integers(1, 64), before_s=counts, reach=st.sampled_from(Reach)
)
edges = st.builds(
    Edge,
    kind=st.sampled_from(Kind),
    number=counts,
    task=maybe(indices),
    is_array=st.booleans(),
    delay_min=counts,
    verdict=st.sampled_from(Verdict),
)
dependencies = st.builds(
    Dependencies,
    edges=st.lists(edges, min_size=1, max_size=3).map(tuple),
    any_will_do=st.booleans(),
)

requests = st.builds(
    Request,
    name=words,
    submit_dir=words,
    ntasks=maybe(counts),
    cpus_per_task=maybe(counts),
    exclusive=st.booleans(),
    foreground=st.booleans(),
    memory_mib=maybe(counts),
    limit_s=maybe(counts),
    limit_signal=maybe(limit_signals),
    array=maybe(st.builds(Array, tasks=ranges, limit=maybe(counts))),
    output=maybe(words),
    error=maybe(words),
    input=maybe(words),
    open_mode=st.sampled_from(OpenMode),
    chdir=maybe(words),
    export=st.builds(
        Export,
        everything=st.booleans(),
        names=st.lists(words, max_size=3).map(tuple),
        values=st.dictionaries(words, words, max_size=2),
    ),
    held=st.booleans(),
    requeue=st.booleans(),
    partition=maybe(words),
    qos=maybe(words),
    account=maybe(words),
    comment=maybe(words),
    mail_type=maybe(words),
    mail_user=maybe(words),
    joined=st.booleans(),
    command=maybe(words),
    nodes=maybe(counts),
    tasks_per_node=maybe(counts),
    memory_per_cpu_mib=maybe(counts),
    begin_at=maybe(seconds),
    deadline_at=maybe(seconds),
    dependency=maybe(dependencies),
    kill_on_invalid_dependency=st.booleans(),
    nice=st.integers(-(2**31), 2**31),
    overcommit=st.booleans(),
    cores_asked=maybe(counts),
    stored=st.dictionaries(words, words, max_size=2),
    arguments=st.lists(words, max_size=3).map(tuple),
)

cancels = st.builds(
    Cancel,
    by_uid=counts,
    ordered_at=seconds,
    kill=st.booleans(),
    requeue=st.booleans(),
    pause_s=seconds,
    then_held=st.booleans(),
)


histories = st.builds(History, lines=st.lists(words, max_size=3).map(tuple), dropped=counts)


amends = st.builds(
    Amended,
    suspended_at=maybe(seconds),
    paused_s=seconds,
    changed_at=maybe(seconds),
    ran_s=seconds,
)


def units(job_ids: st.SearchStrategy[JobId]) -> st.SearchStrategy[Unit]:
    return st.builds(
        Unit,
        id=job_ids,
        raw_id=counts,
        state=states,
        attempt=counts,
        restarts=counts,
        cancel=maybe(cancels),
        history=histories,
        amended=maybe(amends),
    )


elements = st.builds(
    Elements,
    todo=ranges,
    cancelled=ranges,
    ended=ranges,
    worst=st.sampled_from(Outcome),
    eligible_at=seconds,
    ended_at=maybe(seconds),
    history=histories,
    held=ranges,
    locked=ranges,
    limits=st.dictionaries(indices, counts, max_size=2),
)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    number = draw(numbers)
    return draw(
        st.builds(
            Job,
            id=st.just(number),
            uid=counts,
            user=words,
            token=words,
            submitted_at=seconds,
            request=requests,
            work=units(st.just(JobId(number=number))) | elements,
            hold=maybe(st.sampled_from(Hold)),
            place=maybe(st.integers(-(2**40), 2**40)),
            dependencies=dependencies | st.just(NO_DEPENDENCIES),
            revision=counts,
            unknown=st.just({}),
        )
    )


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    job = draw(jobs())
    unit = draw(units(st.builds(JobId, number=st.just(job.id), task=indices)))
    return Task(job=job, unit=unit, revision=draw(counts))


runs = st.builds(
    RunId,
    job=st.builds(JobId, number=numbers, task=maybe(indices)),
    attempt=st.integers(0, 10**6),
)


def grants() -> st.SearchStrategy[Grant]:
    return st.builds(
        Grant,
        run=runs,
        raw_id=counts,
        token=words,
        cores=counts,
        memory_mib=counts,
        limit_s=maybe(counts),
        kill_wait_s=seconds,
        restarts=counts,
        cluster=words,
        memory_per_cpu_mib=counts,
        partition=words,
    )


long_words = words.flatmap(lambda text: st.integers(0, 900).map(lambda count: text * count))


def endings() -> st.SearchStrategy[Ending]:
    return st.builds(
        Ending,
        run=runs,
        cause=st.sampled_from(Cause),
        exit=maybe(exits),
        started_at=maybe(seconds),
        ended_at=seconds,
        elapsed_s=seconds,
        cpu_s=seconds,
        survivors=st.lists(words, max_size=9).map(lambda some: tuple(some) * 60),
        output=long_words,
        error=long_words,
        words=long_words,
        steps=steps,
        usage=usages,
    )
