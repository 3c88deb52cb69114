"""Every kind of line that the logs of dispatcher and agent may hold: its words, and what it means.

A line is a name and facts, `Granted job=42 user=alice`; the facts' values are filled in by logging,
and quoted on their way to the file (`tinysched/programs/loglines.py`). docs/logs.md is printed from
here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinysched.job import history


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of line. `words` is the line with its facts left open."""

    words: str
    says: str

    @property
    def name(self) -> str:
        """The first word."""
        return self.words.partition(" ")[0]

    @property
    def facts(self) -> tuple[str, ...]:
        """The names of its facts, in their order."""
        return tuple(fact.partition("=")[0] for fact in self.words.split(" ")[1:])


JOB_EVENTS: list[Kind] = []
DISPATCHER_EVENTS: list[Kind] = []
AGENT_EVENTS: list[Kind] = []


def _kind(where: list[Kind], name: str, facts: str, says: str) -> str:
    words = f"{name} {facts}".rstrip()
    where.append(Kind(words=words, says=says))
    return words


def _job(name: str, facts: str, says: str) -> str:
    return _kind(JOB_EVENTS, name, f"job=%s user=%s {facts}", says)


def _dispatcher(name: str, facts: str, says: str) -> str:
    return _kind(DISPATCHER_EVENTS, name, facts, says)


def _agent(name: str, facts: str, says: str) -> str:
    return _kind(AGENT_EVENTS, name, facts, says)


# The story of a job, in logs/dispatcher.log

SUBMITTED = _job(
    history.SUBMITTED,
    "cores=%d limit_s=%s tasks=%d held=%s",
    "it was accepted; `tasks` of an array, 0 for a plain job",
)
HELD = _job(history.HELD, "by=%d", "uid `by` holds it")
RELEASED = _job(history.RELEASED, "by=%d", "uid `by` lets it start")
GRANTED = _job(
    history.GRANTED,
    "attempt=%d cores=%d agent=%s",
    "its cores were taken, and the agent (or run_job.sh) with that pid was told",
)
STARTED = _job(history.STARTED, "attempt=%d pid=%d", "its script runs")
CANCEL_ORDERED = _job(
    history.CANCEL_ORDERED,
    "by=%d signal=%s",
    "uid `by` ordered its end; it gets that signal first",
)
WITHDRAWN = _job(
    history.WITHDRAWN, "by=%d tasks=%s", "uid `by` cancelled tasks that waited in an array"
)
SUSPENDED = _job(history.SUSPENDED, "by=%d", "uid `by` has it stand still")
RESUMED = _job(history.RESUMED, "by=%d", "uid `by` lets it go on")
UPDATED = _job(history.UPDATED, "by=%d what=%s", "uid `by` has changed `what` of it")
NOTIFIED = _job("Notified", "by=%d", "uid `by` has words written into its stderr")
SIGNALLED = _job(
    "Signalled",
    "by=%d signal=%d to=%s",
    "uid `by` has a signal sent to all of it, or to its script or a step; 0: the step is ended",
)
LIMIT_REACHED = _job(
    history.LIMIT_REACHED,
    "attempt=%d limit_s=%s",
    "it was stopped because its time was over; told together with its end",
)
ENDED = _job(
    history.ENDED,
    "attempt=%d state=%s cause=%s exit=%s elapsed_s=%.1f cpu_s=%.1f survivors=%d",
    "all of it has ended; `survivors`: processes it left behind, which were stopped",
)
ARRAY_ENDED = _job("ArrayEnded", "state=%s", "the last task of an array has ended")
REQUEUE_ORDERED = _job(
    history.REQUEUE_ORDERED, "by=%d", "uid `by` wants it stopped, and run once more"
)
REQUEUED = _job(history.REQUEUED, "by=%s why=%s", "it is back in the queue")
REBUILT = _job(
    history.REBUILT,
    "uid=%d runs=%d waits=%s",
    "its record was lost; its owner's agent told it anew",
)
FOUND = _job("Found", "attempt=%d state=%s", "a dispatcher that begins finds it with its cores")
REPORTED = _job(
    "Reported",
    "attempt=%d stage=%s",
    "an agent that connects has it `alive`, or `ended` and not yet told; or it is `unknown` there",
)
CORES_GIVEN_BACK = _job(
    "CoresGivenBack",
    "attempt=%d",
    "its agent is gone for `agent_lost_s`: others may have its cores",
)
HOST_RESTARTED = _job(
    "HostRestarted",
    "attempt=%d",
    "its cores were granted before the host was restarted: it is lost",
)
CLIENT_GONE = _job("ClientGone", "", "its run_job.sh went away while it waited")
NOT_GRANTED = _job("NotGranted", "why=%s", "the disk does not take its grant; tried again")
START_NOT_RECORDED = _job("StartNotRecorded", "why=%s", "the disk does not take its start")
LINGERING = _job(
    "Lingering", "attempt=%d processes=%s", "KILL does not end these; its cores stay taken"
)
LINGERING_NOT_RECORDED = _job("LingeringNotRecorded", "why=%s", "the disk does not take that")
END_NOT_RECORDED = _job("EndNotRecorded", "why=%s", "the disk does not take its end; tried again")
CANCEL_NOT_RECORDED = _job("CancelNotRecorded", "why=%s", "the disk does not take its cancellation")
RECORD_NOT_READ = _kind(
    JOB_EVENTS,
    "RecordNotRead",
    "job=%d why=%s",
    "its agent tells of it, and its record is unreadable",
)
WAKES = _job("Wakes", "", "what it waited for has come: only room can be missing now")
GIVEN_UP = _job(
    "GivenUp", "why=%s", "it can never start, and ends as its --deadline or the like wants"
)
CONDITION_NOT_RECORDED = _job(
    "ConditionNotRecorded", "why=%s", "the disk does not take what it waits for; tried again"
)
PURGED = _kind(JOB_EVENTS, "Purged", "job=%d by=%s", "its record was removed, by a uid or a rule")

# What else the dispatcher tells

BEGINS = _dispatcher("Begins", "pid=%d version=%s root=%s", "a dispatcher begins")
ENDS = _dispatcher("Ends", "pid=%d", "it ends in good order")
QUARANTINED = _dispatcher("Quarantined", "why=%s", "found damaged at the start, and put right")
REBUILD_REFUSED = _dispatcher(
    "RebuildRefused", "uid=%d lost=%d why=%s", "what an agent tells of a lost record is no use"
)
LOST = _dispatcher("Lost", "lost=%s why=%s", "cores are kept for it no longer")
CONFIG_READ = _dispatcher(
    "ConfigRead", "cores=%d changed=%s", "config.yaml is in force; `changed`: the keys that differ"
)
CLOSED = _dispatcher(
    "Closed",
    "what=%s by=%d why=%s",
    "an admin lets no job start there; `why` `-`: it is open again",
)
CONFIG_REFUSED = _dispatcher(
    "ConfigRefused", "why=%s", "config.yaml is wrong; what was in force stays"
)
FROZEN = _dispatcher("Frozen", "path=%s", "a backup reads what has not ended")
DISK_REFUSED = _dispatcher("DiskRefused", "why=%s", "the disk takes no records")
DISK_RETURNED = _dispatcher("DiskReturned", "", "the disk takes records again")
PURGE_FAILED = _dispatcher("PurgeFailed", "why=%s", "old jobs could not be forgotten")
ROOT_GONE = _dispatcher("RootGone", "root=%s", "the root was removed or replaced: it ends")
MOVED_ASIDE = _dispatcher(
    "MovedAside", "why=%s", "something lay in the place of a user's directory"
)
USERS_UNTENDED = _dispatcher(
    "UsersUntended", "why=%s", "the users' directories cannot be looked at"
)
MODES_STAY = _dispatcher("ModesStay", "why=%s", "the modes of logs could not be set")
AGENT_CONNECTED = _dispatcher(
    "AgentConnected", "uid=%d pid=%d runs=%d", "a user's agent is there; `runs` it answers for"
)
AGENT_REFUSED = _dispatcher("AgentRefused", "uid=%d why=%s", "an agent that cannot be understood")
AGENT_LOST = _dispatcher("AgentLost", "uid=%d", "its connection ended; jobs go on")
AGENT_LEFT = _dispatcher("AgentLeft", "uid=%d", "it has nothing to do, and has leave to go")
REFUSED = _dispatcher("Refused", "uid=%d verb=%s why=%s", "a command was refused")
NONSENSE = _dispatcher("Nonsense", "uid=%d why=%s", "somebody says what no program of ours does")
CONNECTION_REFUSED = _dispatcher(
    "ConnectionRefused", "uid=%d held=%d why=%s", "one connection too many"
)
HUNG_UP = _dispatcher("HungUp", "uid=%d why=%s", "who does not listen, or is silent, is hung up on")
BUG = _dispatcher("Bug", "uid=%d verb=%s", "a mistake of ours; what follows is for its author")

# What an agent tells its user, in users/u<uid>/agent.log

AGENT_BEGINS = _agent("Begins", "pid=%d version=%s", "an agent begins")
AGENT_ENDS = _agent("Ends", "pid=%d", "it ends in good order")
AGENT_FAILS = _agent("Fails", "why=%s", "it cannot go on")
AGENT_BUG = _agent(
    "Bug", "pid=%d", "a mistake of ours; a worker or the next command starts another agent"
)
SHELL_UNSHOWN = _agent("ShellUnshown", "why=%s", "what jobs inherit could not be written down")
CONNECTED = _agent("Connected", "runs=%d", "the dispatcher is there; `runs` it was told of")
DISCONNECTED = _agent("Disconnected", "", "the dispatcher has gone; jobs go on")
NOT_TRUSTED = _agent("NotTrusted", "why=%s", "who answers is not the queue's admin")
NOT_WELCOME = _agent("NotWelcome", "why=%s", "the dispatcher does not want this agent")
DISPATCHER_NONSENSE = _agent("Nonsense", "why=%s", "what the dispatcher says makes no sense")
NOT_UNDERSTOOD = _agent(
    "NotUnderstood", "verb=%s", "the dispatcher says what this agent does not know"
)
GARBAGE_STAYS = _agent("GarbageStays", "why=%s", "old requests could not be removed")
SUCCEEDED = _agent("Becomes", "program=%s", "it goes on as the release that was installed")
LAUNCHING = _agent("Launching", "job=%s attempt=%d", "a worker for it is being made")
LAUNCHING_AGAIN = _agent("LaunchingAgain", "job=%s attempt=%d", "its worker died before the start")
GRANTED_AGAIN = _agent("GrantedAgain", "job=%s attempt=%d", "it was claimed before; nothing new")
NOT_STARTED = _agent("NotStarted", "job=%s attempt=%d why=%s", "it cannot be started")
STOPPING = _agent("Stopping", "job=%s attempt=%d kill=%s", "the dispatcher wants it ended")
SIGNALLING = _agent("Signalling", "job=%s attempt=%d signal=%d to=%s", "it gets a signal")
AMENDED = _agent(
    "Amended",
    "job=%s attempt=%d limit_s=%s suspended=%s",
    "something else holds for it from now on",
)
ADOPTED = _agent("Adopted", "job=%s attempt=%d", "it was found, from a former agent or a client")
NOT_ADOPTED = _agent("NotAdopted", "job=%s attempt=%d why=%s", "it was found, and cannot be read")
NOT_RESTATED = _agent(
    "NotRestated", "why=%s", "the dispatcher lost a record, and what was submitted is unreadable"
)
GRANT_LOST = _agent(
    "GrantLost", "job=%s attempt=%d why=%s", "what was granted is unreadable; it is watched anyway"
)
REQUEST_UNREADABLE = _agent(
    "RequestUnreadable", "job=%s attempt=%d why=%s", "what was submitted cannot be read any more"
)
WORKER_LOST = _agent(
    "WorkerLost", "job=%s attempt=%d", "its worker was killed: the agent watches it itself"
)
CUSTODY_OVER = _agent("CustodyOver", "job=%s attempt=%d", "what the agent watched itself has ended")
TROUBLE = _agent("Trouble", "job=%s attempt=%d why=%s", "the disk is in the way; tried again")
RECORD_STAYS = _agent("RecordStays", "job=%s attempt=%d why=%s", "its files could not be removed")
MAILING = _agent("Mailing", "job=%s event=%s", "a mail about it is handed over")
MAIL_NOT_SENT = _agent("MailNotSent", "job=%s event=%s why=%s", "it is not tried again")
