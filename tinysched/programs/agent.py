"""One user's agent: launches what that user submitted and the dispatcher granted.

Runs as: the submitter, one process a user and root, detached from every terminal.
Reads:   grants from the dispatcher; users/u<uid>/requests/ and runs/.
Writes:  users/u<uid>/agent.lock, runs/, agent.log.
If it dies: workers and jobs go on; a worker or the next command starts another, which adopts them.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
from collections.abc import Callable

from tinysched import __version__
from tinysched.errors import SpoolError, TinyschedError, WireError
from tinysched.host import agent_start, identity, limits, processes
from tinysched.host.clock import Clock, SystemClock, timeout_ms
from tinysched.programs import events, restating, succession
from tinysched.programs.assignment import Registry
from tinysched.programs.launchpad import Launchpad
from tinysched.programs.loglines import OwnLog
from tinysched.programs.logplaces import make_way
from tinysched.programs.postman import Postman
from tinysched.programs.repeats import Repeats
from tinysched.programs.wards import Wards
from tinysched.site import Site
from tinysched.spool.agentlock import AgentLock
from tinysched.spool.private import Private
from tinysched.wire import letters, messages
from tinysched.wire.channel import Channel, Message, call
from tinysched.wire.client import SOCKET

LOG = logging.getLogger("agent")
# A restart takes a second or three; who is gone for longer is asked for less and less often.
RECONNECT_S = 0.2
SLOWEST_RECONNECT_S = 2.0
SLOWER_BY = 1.02
GARBAGE_EVERY_S = 300.0
GARBAGE_AGE_S = 120.0
# Of so many requests a message can tell, however long it may be.
TOKENS_AT_ONCE = 20_000
DEFAULT_IDLE_S = 600.0
LOG_SIZE = 2**20


def main(site: Site, *, replace: bool = False, lock_fd: int | None = None) -> int:
    """Runs the agent of the calling user until it is not needed any more.

    `replace`: ends another one that is there; else this one leaves. `lock_fd`: this process is the
    agent already, and was an older program until now.
    """
    clock = SystemClock()
    private = Private.open(site.root, os.getuid())
    lock: AgentLock | None
    if lock_fd is None:
        lock = succession.wait_for_lock(private, clock, succession.end_agent if replace else None)
    else:
        lock = succession.keep_lock(private, lock_fd)
    if lock is None:
        return 0
    _open_log(private)
    # All that was imported until now is shared with every worker, and stays shared: no collection
    # may touch it.
    gc.collect()
    gc.freeze()
    # Whoever started this agent first does not set the limits of all jobs to come.
    limits.raise_soft_limits()
    processes.become_ordinary()
    processes.set_subreaper()
    processes.set_title(agent_start.TITLE)
    _show_shell(private)
    agent = Agent(site, private, lock, clock)
    try:
        agent.run()
    except TinyschedError as error:
        LOG.error(events.AGENT_FAILS, error.sentence)
        return error.exit_code
    except Exception:
        LOG.exception(events.AGENT_BUG, os.getpid())
        raise
    return 0


def _open_log(private: Private) -> None:
    """Logs to the user's own file; what workers may still print on stderr goes there as well."""
    os.umask(0o077)
    make_way(private.log_path)
    try:
        log = OwnLog(private.log_path, LOG_SIZE)
    except OSError as error:
        raise SpoolError(f"cannot open {private.log_path}: {error.strerror}") from error
    log.addFilter(Repeats(SystemClock()))
    logging.getLogger().handlers[:] = [log]
    logging.getLogger().setLevel(logging.INFO)


def _show_shell(private: Private) -> None:
    with open("/proc/self/limits", "rb") as file:
        facts = agent_start.shell_facts(file.read())
    try:
        private.save_shell(facts)
    except SpoolError as error:  # only a notice depends on it
        LOG.warning(events.SHELL_UNSHOWN, error.sentence)


class Agent:
    """The loop between the dispatcher on one side and the runs on the other."""

    def __init__(self, site: Site, private: Private, lock: AgentLock, clock: Clock) -> None:
        self._site = site
        self._private = private
        self._lock = lock
        self._clock = clock
        self._upgrade = succession.Upgrade(site, lock, clock)
        self._dispatcher: Channel | None = None
        self._is_welcome = self._is_refused = False
        self._idle_s = DEFAULT_IDLE_S
        self._idle_since = clock.boottime()
        self._reconnect_at = 0.0
        self._reconnect_s = RECONNECT_S
        self._garbage_at = clock.boottime() + GARBAGE_EVERY_S
        self._is_leaving = False
        self._asked_to_leave = False
        self._wake, self._wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        bell_reader, bell_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._bell = bell_reader
        registry = Registry(site, private)
        launchpad = Launchpad(private, registry, clock, bell_writer)
        self._registry = registry
        self._postman = Postman(identity.user_name(os.getuid()))
        self.wards = Wards(private, launchpad, clock, self._tell)
        self._orders: dict[str, Callable[[Message], None]] = {
            "welcome": self._welcome,
            "reply": self._refused,
            "grant": self._begin,
            "stop": self._stop,
            "signal": self._signal,
            "step": self._step,
            "amend": self._amend,
            "notify": self._notify,
            "ended-ack": self._acknowledged,
            "adopt": self._adopt,
            "restate": self._restate,
            "forget": self._forget,
            letters.VERB: self._mail,
            "leave-yes": self._leave,
            "leave-no": self._stay,
        }

    def run(self) -> None:
        """Until it has leave to go, is told to end, or its directory is gone."""
        for signum in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, self._on_signal)
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        LOG.info(events.AGENT_BEGINS, os.getpid(), __version__)
        self._private.beside.clear()
        self.wards.adopt_all()
        while not self._is_leaving:
            self._stay_connected()
            self.wards.tend()
            self._postman.look()
            if not (self.wards.is_any_alive() or self._asked_to_leave):
                self._upgrade.look()
            self._tidy()
            self._wait()
        if self._dispatcher is not None:
            self._dispatcher.flush()
        self.wards.retiring.now()
        self._private.beside.leave()
        LOG.info(events.AGENT_ENDS, os.getpid())

    def _on_signal(self, signum: int, _frame: object) -> None:
        if signum != signal.SIGCHLD:
            self._is_leaving = True

    def _wait(self) -> None:
        if self._dispatcher is not None:
            self._dispatcher.flush()  # all that was told in this turn: it is woken once
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        if self._dispatcher is not None:
            wants = select.POLLOUT if self._dispatcher.wants_write else 0
            poll.register(self._dispatcher.fileno(), select.POLLIN | wants)
        for descriptor in self.wards.descriptors():
            poll.register(descriptor, select.POLLIN)
        if self._postman.descriptor is not None:
            poll.register(self._postman.descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(timeout_ms(self._next_s()))}
        if self._wake in ready:
            os.read(self._wake, 65536)
        if self._bell in ready:
            self.wards.ring(os.read(self._bell, 65536).decode().splitlines())
        if self._dispatcher is not None and self._dispatcher.fileno() in ready:
            self._hear()

    def _next_s(self) -> float:
        """In how many seconds something is due, told or not."""
        now = self._clock.boottime()
        due = [self._garbage_at - now, self.wards.next_s()]
        if not self.wards:
            due.append(self._upgrade.next_s())
        if self._dispatcher is None:
            due.append(self._reconnect_at - now)
        elif not (self.wards or self._asked_to_leave or self._postman.is_busy):
            due.append(self._idle_since + self._idle_s - now)
        return max(0.0, min(due))

    # The dispatcher

    def _stay_connected(self) -> None:
        now = self._clock.boottime()
        if self._dispatcher is not None or now < self._reconnect_at:
            return
        self._reconnect_at = now + self._reconnect_s
        self._reconnect_s = min(SLOWEST_RECONNECT_S, self._reconnect_s * SLOWER_BY)
        if not self._lock.is_in_place():
            raise TinyschedError("cannot go on: this root was removed")
        try:
            trusted = self._site.admin_uid
            if trusted is None:
                trusted = os.stat(self._site.root).st_uid
            self._dispatcher = call(f"{self._site.root}/{SOCKET}", trusted)
        except OSError:
            return  # it is being restarted
        except WireError as error:
            LOG.warning(events.NOT_TRUSTED, error.sentence)
            return
        self.wards.forget_told()
        self.wards.adopt_all()  # a foreground client may have left a run behind
        self.wards.tell_former_ends()
        self._dispatcher.send("hello", messages.greeting("agent", self.wards.stages()))
        self._ask_for_garbage()
        self._take_back()

    def _tell(self, verb: str, fields: messages.Fields) -> bool:
        """Says something to the dispatcher; false if nobody is there to hear it."""
        if self._dispatcher is None or self._dispatcher.closed:
            return False
        self._dispatcher.queue(verb, fields)
        return not self._dispatcher.closed

    def _hear(self) -> None:
        channel = self._dispatcher
        if channel is None:
            return
        try:
            for message in channel.receive():
                self._obey(message)
            channel.flush()
        except WireError as error:
            LOG.error(events.DISPATCHER_NONSENSE, error.sentence)
            channel.closed = True
        if channel.closed:
            channel.close()
            self._dispatcher = None
            self._upgrade.look_soon()
            if self._is_welcome:
                LOG.info(events.DISCONNECTED)
            self._is_welcome = False

    def _obey(self, message: Message) -> None:
        order = self._orders.get(message.verb)
        if order is None:
            LOG.warning(events.NOT_UNDERSTOOD, message.verb)
            return
        order(message)

    def _welcome(self, message: Message) -> None:
        if not self._is_welcome:
            LOG.info(events.CONNECTED, len(self.wards))
        self._is_welcome, self._is_refused = True, False
        self._reconnect_s = RECONNECT_S
        self._idle_s = float(messages.read_number(message, "agent_idle_s"))

    def _refused(self, message: Message) -> None:
        """It does not understand us, and says why; said once, it is true until it welcomes us."""
        if not self._is_refused:
            LOG.warning(events.NOT_WELCOME, message.text("err", "").strip())
        self._is_refused = True

    def _begin(self, message: Message) -> None:
        self._idle_since = self._clock.boottime()
        self.wards.begin(messages.read_grant(message))

    def _stop(self, message: Message) -> None:
        order = messages.read_stop(message)
        self.wards.stop(messages.read_run(message), kill=order.kill, requeue=order.requeue)

    def _signal(self, message: Message) -> None:
        run, reach = messages.read_run(message), messages.read_reach(message)
        self.wards.signal(run, messages.read_signal(message), reach)

    def _step(self, message: Message) -> None:
        step, signum = messages.read_step(message)
        self.wards.signal_step(messages.read_run(message), step, signum)

    def _amend(self, message: Message) -> None:
        self.wards.amend(messages.read_run(message), messages.read_amendment(message))

    def _notify(self, message: Message) -> None:
        self.wards.notify(messages.read_run(message), messages.read_notice(message))

    def _acknowledged(self, message: Message) -> None:
        self._idle_since = self._clock.boottime()
        self.wards.forget(messages.read_run(message))

    def _restate(self, message: Message) -> None:
        """The dispatcher has lost records: it is told what was submitted, and what came of it."""
        numbers = {int(text) for text in message.many("job") if text.isdigit()}
        for number, fields in restating.restate(self._private, self.wards.runs_of, numbers):
            if self._tell("restated", fields):
                self.wards.forget_told(number)
        self._tell("restated", [])

    def _mail(self, message: Message) -> None:
        """Something of a job is to be told by mail, if whoever submitted it wanted that."""
        letter = letters.read(message)
        try:
            request = self._registry.request(letter.token)
        except TinyschedError as error:
            LOG.warning(events.MAIL_NOT_SENT, letter.job, letter.event.value, error.sentence)
            return
        self._postman.take(letter, request)

    def _adopt(self, _message: Message) -> None:
        self.wards.adopt_all()

    def _leave(self, _message: Message) -> None:
        self._is_leaving = True

    def _stay(self, _message: Message) -> None:
        self._idle_since = self._clock.boottime()
        self._take_back()

    def _ask_to_leave(self) -> None:
        """Once we have leave, a submission may call for another agent: let it wait for our lock."""
        self._asked_to_leave = True
        self._lock.hide_pid()
        self._tell("leave", [])

    def _take_back(self) -> None:
        if self._asked_to_leave:
            self._asked_to_leave = False
            self._lock.show_pid()

    # What nobody asks for

    def _tidy(self) -> None:
        now = self._clock.boottime()
        if now >= self._garbage_at:
            self._garbage_at = now + GARBAGE_EVERY_S
            self._ask_for_garbage()
        is_busy = bool(self.wards) or self._postman.is_busy
        if is_busy or self._asked_to_leave or self._dispatcher is None:
            return
        if now - self._idle_since >= self._idle_s:
            self._ask_to_leave()

    def _ask_for_garbage(self) -> None:
        """Asks which requests are still needed; see 'forget' for what comes of it."""
        tokens = [("token", token.encode()) for token in self._private.tokens()]
        for start in range(0, len(tokens), TOKENS_AT_ONCE):
            self._tell("tokens", tokens[start : start + TOKENS_AT_ONCE])

    def _forget(self, message: Message) -> None:
        """These requests belong to no job: they go, unless tsbatch is still at work on them."""
        keep = set(self._private.tokens()) - set(message.many("token"))
        try:
            older_than = self._clock.wall() - GARBAGE_AGE_S
            for token in self._private.collect_garbage(keep, older_than):
                self._registry.forget(token)
        except SpoolError as error:
            LOG.warning(events.GARBAGE_STAYS, error.sentence)
