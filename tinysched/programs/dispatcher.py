"""Decides what runs when; launches nothing.

Runs as: the queue's admin, one process a root, in the foreground of whoever keeps it alive.
Reads:   config.yaml; the queue's records, at its start; what commands and agents say.
Writes:  everything under the root but users/: queue/, state/, logs/, lock/, run/ctl.sock.
If it dies: jobs go on; supervisord starts it again, and a restart is its normal start.
"""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress

from tinysched import __version__
from tinysched.config import Config, allowed_cores, allowed_memory_mib, load
from tinysched.errors import ConfigError, NewerError, SpoolError, WireError
from tinysched.host import condition, cores, identity, limits, processes
from tinysched.host.clock import Clock, SystemClock
from tinysched.job.closures import Closures
from tinysched.policy import fifo, retention
from tinysched.policy.capacity import Capacity
from tinysched.programs import events
from tinysched.programs.dispatch import journal
from tinysched.programs.dispatch.agents import Agents
from tinysched.programs.dispatch.answer import encode
from tinysched.programs.dispatch.conditions import Conditions
from tinysched.programs.dispatch.desk import Desk
from tinysched.programs.dispatch.ledger import Ledger
from tinysched.programs.dispatch.post import Post
from tinysched.programs.dispatch.rebuilding import Rebuilding
from tinysched.programs.dispatch.strangers import StrangerError
from tinysched.programs.dispatch.switchboard import Bounds, Switchboard
from tinysched.programs.dispatch.terms import Terms
from tinysched.programs.dispatch.upkeep import Upkeep
from tinysched.report.status import Status
from tinysched.site import Site
from tinysched.spool.store import Store
from tinysched.wire.channel import Channel, Listener, Message

LOG = logging.getLogger("dispatcher")
SOCKET_MODE = 0o660
# Descriptors that connections leave to the rest of the program.
SPARE_FILES = 128
RETRY_S = 1.0
# So long a stop may take to bring to the disk what is safe in the journal.
LEAVE_S = 2.0
# Of what was found damaged, so much is logged; all of it is in the status.
MOST_NOTES = 100


def main(site: Site) -> int:
    """Runs the dispatcher of a root until it is told to stop."""
    clock = SystemClock()
    config_path = f"{site.root}/config.yaml"
    config = _load(config_path)
    # With --lock-dir, lock/ is a link; nobody but the admin and root can make one there.
    lock_dir = os.path.realpath(f"{site.root}/lock")
    store = Store.open(site.root, lock_dir=lock_dir, meta_mode=journal.mode_of(config))
    journal.open_log(site.root, config, clock)
    dispatcher = Dispatcher(site.root, store, config, clock)
    listener = Listener(f"{site.root}/run", "ctl.sock", SOCKET_MODE)
    LOG.info(events.BEGINS, os.getpid(), __version__, site.root)
    try:
        dispatcher.serve(listener)
    finally:
        listener.close()
        dispatcher.close()
        LOG.info(events.ENDS, os.getpid())
    return 0


class Dispatcher:
    """The queue's one decider; everything outside it is handed in."""

    def __init__(self, root: str, store: Store, config: Config, clock: Clock) -> None:
        self._root = root
        self._clock = clock
        self._config = config
        self._terms = _terms_of(config)
        self._config_errors: tuple[str, ...] = ()
        self._began_at = clock.boottime()
        self._is_stopping = False
        loaded = store.load(clock.wall() - config.min_job_age_s)
        closures, problem = store.closures()
        self._quarantined = (*loaded.quarantined, *filter(None, (problem,)))
        capacity = _capacity(config, closures)
        self.ledger = Ledger(store, loaded, capacity, clock.boot_id())
        self.ledger.books.keep_suspended(cores=config.suspended_keep_cores)
        self._upkeep = Upkeep(self.ledger, clock)
        rebuilding = Rebuilding(self.ledger, loaded, clock, self._terms_now)
        with suppress(SpoolError):  # said in the log, and tried again
            self.ledger.settle_arrays(clock.wall())
        self.conditions = Conditions(self.ledger, clock)
        self._say_found()
        self.agents = Agents(self.ledger, clock, self._terms_now, rebuilding)
        self.post = Post(self.ledger, self.agents, clock, self._terms_now)
        self.desk = Desk(
            self.ledger,
            self.agents,
            clock,
            self._terms_now,
            self._status,
            self.reload,
        )
        self._purge_at = clock.boottime()
        self._look_at = clock.boottime()
        self._store = store
        status = os.stat(root)
        self._place = (status.st_dev, status.st_ino)
        self._plan_again_at: float | None = None

    def _say_found(self) -> None:
        for sentence in self._quarantined[:MOST_NOTES]:
            LOG.warning(events.QUARANTINED, sentence)
        for job, unit in self.ledger.books.live():
            state = type(unit.state).__name__.upper()
            LOG.info(events.FOUND, unit.id, job.user, unit.attempt, state)

    def close(self) -> None:
        """Leaves the spool as the next start likes to find it."""
        late_at = self._clock.boottime() + LEAVE_S
        try:
            self.ledger.close(lambda: self._clock.boottime() > late_at)
        except SpoolError as error:  # some ids are skipped: no harm
            LOG.error(events.DISK_REFUSED, error.sentence)

    # The loop: look, decide, do one step.

    def serve(self, listener: Listener) -> None:
        """Until TERM."""
        wake, wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda _signum, _frame: self._stop())
        signal.signal(signal.SIGHUP, lambda _signum, _frame: None)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        in_all = limits.raise_open_files() - SPARE_FILES
        board = Switchboard(
            listener, self._clock, lambda: self._bounds(in_all), self.agents.is_in_use
        )
        while not self._is_stopping:
            for channel, message in board.wait(wake, self.next_s()):
                self.hear(channel, message)
            for channel in board.take_lost():
                self.agents.lost(channel)
            self.advance()
        board.close()

    def _bounds(self, in_all: int) -> Bounds:
        return Bounds(
            connections=self._config.max_connections_per_user,
            silence_s=self._config.connection_idle_s,
            connections_in_all=in_all,
        )

    def hear(self, channel: Channel, message: Message) -> None:
        """One message of anybody."""
        try:
            if self.desk.knows(message.verb):
                self.desk.serve(channel, message)
            elif message.verb == "tokens":
                self._forget_requests(channel, message)
            else:
                self.agents.hear(channel, message)
                if message.verb == "hello":
                    idle_s = b"%d" % int(self._config.agent_idle_s)
                    channel.send("welcome", [("agent_idle_s", idle_s)])
                    self._forget_requests(channel, message)
        except StrangerError as error:
            self.desk.refuse(channel, message, error)
            channel.closed = True
        except WireError as error:
            LOG.warning(events.NONSENSE, channel.peer.uid, error.sentence)
            self.desk.refuse(channel, message, error)
            # A newer agent may say more than we know, and still do what it is told.
            is_known = isinstance(error, NewerError) and self.agents.is_in_use(channel)
            channel.closed = channel.closed or not is_known
        except Exception:
            # Nobody's message may end everybody's queue: the caller loses the connection, we log.
            LOG.exception(events.BUG, channel.peer.uid, message.verb[:40])
            channel.closed = True

    def advance(self) -> None:
        """Does all that is due now: starts, purges, forgets."""
        self._upkeep.tick()
        self.agents.tick()
        self.conditions.settle()
        self._start_what_fits()
        self.agents.flush()
        self.post.tick()
        now = self._clock.wall()
        self.ledger.books.forget_before(now - self._config.min_job_age_s)
        if self._clock.boottime() >= self._purge_at:
            self._purge()
        if self._clock.boottime() >= self._look_at:
            self._look_around()

    def _start_what_fits(self) -> None:
        books, now = self.ledger.books, self._clock.wall()
        self._plan_again_at = None
        if not len(books.waiting) or books.cores_free <= 0:
            return
        for start in fifo.plan(books.waiting, self.desk.outlook.room(), now):
            job = books.jobs[start.id]
            try:
                pid = self.agents.launcher_pid(job)
                granted = self.ledger.grant(start.id, start.count, now, pid)
            except SpoolError as error:
                LOG.error(events.NOT_GRANTED, start.id, job.user, error.sentence)
                self._plan_again_at = self._clock.boottime() + RETRY_S
                return
            for job, unit in granted:
                facts = (unit.id, job.user, unit.attempt, books.cores_of(job), pid)
                LOG.info(events.GRANTED, *facts)
                self.agents.grant(job, unit)

    def next_s(self) -> float:
        """In how many seconds something is due, told or not."""
        now, wall = self._clock.boottime(), self._clock.wall()
        due = [self._look_at - now, self._purge_at - now, *self._upkeep.due()]
        agents_s = self.agents.next_tick_s()
        if agents_s is not None:
            due.append(agents_s)
        conditions_s = self.conditions.next_s()
        if conditions_s is not None:
            due.append(conditions_s)
        post_s = self.post.next_s()
        if post_s is not None:
            due.append(post_s)
        if self._plan_again_at is not None:
            due.append(self._plan_again_at - now)
        next_end = self.ledger.books.next_end()
        if next_end is not None:
            due.append(next_end + self._config.min_job_age_s - wall)
        return max(0.0, min(due))

    def _stop(self) -> None:
        self._is_stopping = True

    # What nobody asks for

    def _purge(self) -> None:
        config = self._config
        self._purge_at = self._clock.boottime() + config.purge_interval_s
        rule = retention.Rule(keep_last=config.purge_keep_last, age_days=config.purge_age_days)
        if rule.keep_last is None and rule.age_days is None:
            return
        numbers = self.desk.purgeable(rule)
        try:
            self.ledger.purge(numbers)
        except SpoolError as error:
            LOG.error(events.PURGE_FAILED, error.sentence)
            return
        for number in numbers:
            LOG.info(events.PURGED, number, "rule")

    def _forget_requests(self, channel: Channel, message: Message) -> None:
        """Tells an agent which of its stored requests belong to no job that could still run."""
        uid = channel.peer.uid
        if self.agents.rebuilding.is_waiting_for(uid):
            return
        tokens = [t for t in message.many("token") if self.ledger.books.by_token(uid, t) is None]
        if tokens:
            channel.send("forget", [("token", encode(token)) for token in tokens])

    def _look_around(self) -> None:
        """What nobody tells us of: a root that is gone, or somebody in another user's place."""
        self._look_at = self._clock.boottime() + self._config.poll_interval
        self._terms = _terms_of(self._config)  # a machine may be given more memory
        try:
            found = os.stat(self._root)
            if (found.st_dev, found.st_ino) != self._place:
                raise FileNotFoundError
        except OSError:
            LOG.error(events.ROOT_GONE, self._root)
            self._stop()
            return
        try:
            for sentence in self._store.evict_squatters():
                LOG.warning(events.MOVED_ASIDE, sentence)
        except SpoolError as error:
            LOG.error(events.USERS_UNTENDED, error.sentence)

    # Configuration and status

    def reload(self) -> str:
        """Reads the configuration again; the old one stays in force if the new one is wrong.

        Raises: ConfigError; SpoolError if the disk does not take what it means for records.
        """
        try:
            config = _load(f"{self._root}/config.yaml")
        except ConfigError as error:
            self._config_errors = (error.sentence,)
            LOG.error(events.CONFIG_REFUSED, error.sentence)
            raise
        self._store.set_meta_mode(journal.mode_of(config))
        changed = config.differences(self._config)
        self._config, self._config_errors = config, ()
        self._terms = _terms_of(config)
        journal.follow(self._root, config)
        self.ledger.books.keep_suspended(cores=config.suspended_keep_cores)
        closures = self.ledger.books.capacity.closures
        self.ledger.books.resize(_capacity(config, closures))
        self._purge_at = self._clock.boottime()
        LOG.info(events.CONFIG_READ, self.ledger.books.cores_total, ",".join(changed) or None)
        return f"configuration read: {self.ledger.books.cores_total} cores\n"

    def _config_file(self) -> str:
        path = f"{self._root}/config.yaml"
        return path if os.path.exists(path) else ""

    def _terms_now(self) -> Terms:
        return self._terms

    def _status(self) -> Status:
        books = self.ledger.books
        missing = {job.user for job in books.jobs.values() if self.agents.is_missing(job.uid)}
        return Status(
            pid=os.getpid(),
            uptime_s=self._clock.boottime() - self._began_at,
            version=__version__,
            root=self._root,
            cores_used=books.cores_taken,
            cores_total=books.cores_total,
            jobs=self.desk.outlook.counts(),
            agents=[identity.user_name(uid) for uid in sorted(self.agents.uids())],
            agents_missing=sorted(missing),
            agents_refused={
                identity.user_name(uid): words
                for uid, words in self.agents.strangers.all().items()
                if uid not in self.agents.uids()
            },
            config_file=self._config_file(),
            config_errors=self._config_errors,
            quarantined=self._quarantined,
        )


def _load(path: str) -> Config:
    variables = os.environ  # noqa: TID251 - the purge keys of the seed
    try:
        return load(path, variables, processes.ask_child)
    except OSError:  # there can be no more processes
        return load(path, variables)


def _capacity(config: Config, closures: Closures) -> Capacity:
    """What a configuration says there is to give."""
    return Capacity(
        cores=allowed_cores(config, cores.usable_cores()),
        memory_mib=config.memory_mib,
        default_memory_mib=config.default_mem_mb,
        partitions=config.partitions,
        closures=closures,
    )


def _terms_of(config: Config) -> Terms:
    """What a configuration says to the dispatcher's parts."""
    return Terms(
        default_memory_mib=config.default_mem_mb,
        all_memory_mib=allowed_memory_mib(config, condition.memory_mib()),
        kill_wait_s=config.kill_wait_s,
        agent_lost_s=config.agent_lost_s,
        starvation_s=config.starvation_s,
        min_job_age_s=config.min_job_age_s,
        max_array_size=config.max_array_size,
        max_jobs_per_user=config.max_jobs_per_user,
        max_request_kib=config.max_request_kib,
        max_array_pieces=config.max_array_pieces,
        cluster=config.cluster_name,
        admins=frozenset(config.admins),
        is_private=config.privacy == "private",
        requeue=config.job_requeue,
        mail_by=config.mail_by,
        mail_server=config.mail_server,
        mail_domain=config.mail_domain or "",
    )
