"""A place in the queue, held from a terminal: asks for cores and waits until they are there."""

from __future__ import annotations

import os
import select
import signal
import sys

from tinysched.errors import EXIT_DONE, TryLaterError, WireError
from tinysched.host import agent_start, caller
from tinysched.host.clock import Clock, timeout_ms
from tinysched.job.runs import Grant
from tinysched.programs.manners import BY_SIGNAL as BY_SIGNAL
from tinysched.programs.manners import Manners
from tinysched.programs.ward import Ward
from tinysched.site import Site
from tinysched.spool import outbox
from tinysched.wire import messages
from tinysched.wire.channel import Channel, Message, connected
from tinysched.wire.client import exit_code_in, hello

RESTART_S = 30.0
SAY_S = 0.3
PASSED_ON = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


class Line:
    """One foreground client's talk with the dispatcher.

    `waits`: for what. `signals`: what this process was told and has not passed on yet. `bell`: the
    end of a pipe on which the worker rings; `rung` is what it said last. `ward`: whom orders are
    for, once it runs.
    """

    def __init__(
        self, site: Site, clock: Clock, argv: list[str], cwd: str, manners: Manners
    ) -> None:
        self.manners = manners
        self.number = "?"
        self._site = site
        self._clock = clock
        self._argv = [os.fsencode(word) for word in argv]
        self._cwd = os.fsencode(cwd)
        self._token = os.urandom(16).hex()
        self._channel: Channel | None = None
        self.waits = ""
        self._wake, wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._bell, self.bell = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.grant: Grant | None = None
        self.ward: Ward | None = None
        self.signals: list[int] = []
        self.rung = b""
        self.is_acknowledged = False
        for signum in PASSED_ON:
            signal.signal(signum, lambda signum, _frame: self.signals.append(signum))
        signal.signal(signal.SIGCHLD, lambda _signum, _frame: None)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)

    @property
    def is_open(self) -> bool:
        """Somebody is there to talk to."""
        return self._channel is not None

    def enter(self) -> int | None:
        """Stores the request and asks for its cores; None if accepted, else an exit code.

        Raises: TinyschedError.
        """
        lock = self._store()
        try:
            refusal = self._submit()
        finally:
            os.close(lock)
        if refusal is not None:
            self.forget()
        return refusal

    def forget(self) -> None:
        """Removes the stored request."""
        outbox.remove(self._site.root, os.getuid(), self._token)

    def tell(self, verb: str, fields: messages.Fields) -> bool:
        """Says something to the dispatcher; false if it is not there."""
        if self._channel is None:
            return False
        self._channel.send(verb, fields)
        return not self._channel.closed

    def hang_up(self) -> None:
        """Closes the connection."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _store(self) -> int:
        umask = os.umask(0o077)
        os.umask(umask)
        files = [
            ("slurm_script", self.manners.script),
            ("argv", outbox.pack(self._argv)),
            ("variables", outbox.pack(list(self.manners.variables))),
            ("environment", caller.environment()),
            ("cwd", self._cwd),
            ("umask", b"%04o\n" % umask),
            ("limits", caller.whole("/proc/self/limits")),
            ("command", self.manners.command.encode() + b"\n"),
        ]
        return outbox.write(self._site.root, os.getuid(), self._token, files)

    def _submit(self) -> int | None:
        """Asks for the cores; None if that was accepted, else an exit code."""
        channel = connected(self._site, RESTART_S)
        fields = [
            *hello(),
            ("command", self.manners.command.encode()),
            ("token", self._token.encode()),
            ("cwd", self._cwd),
            *(("arg", word) for word in self._argv),
            ("script", self.manners.script),
            *(("var", pair) for pair in self.manners.variables),
        ]
        channel.send("submit", fields)
        self._channel = channel
        reply = self._next_message(RESTART_S)
        if reply is None or reply.verb != "reply":
            raise TryLaterError("cannot get cores: the dispatcher does not answer", "try again")
        sys.stderr.write(reply.text("err", ""))
        self.number = reply.text("id", "?")
        self.waits = reply.text("waits", "its turn")
        if reply.text("agent_missing", "0") == "1":
            agent_start.start(self._site.bin_dir, self._site.root)
        code = exit_code_in(reply.raw("exit"))
        return None if code == EXIT_DONE and reply.text("id", "") else code

    def _next_message(self, wait_s: float) -> Message | None:
        until = self._clock.boottime() + wait_s
        while self._channel is not None and not self._channel.closed:
            messages_in = self._channel.receive()
            for message in messages_in[1:]:
                self._hear(message)
            if messages_in:
                return messages_in[0]
            left_s = until - self._clock.boottime()
            if left_s <= 0:
                return None
            self.poll(left_s)
        return None

    def wait_for_grant(self) -> int | None:
        """None when the cores are ours, else an exit code: told to stop, or cancelled."""
        began_at = self._clock.boottime()
        has_said = False
        while self.grant is None or self.is_acknowledged:
            left_s = self._patience_left(began_at)
            code = self._end_of_wait(left_s)
            if code is not None:
                return code
            if not has_said and self._clock.boottime() >= began_at + SAY_S:
                self.manners.waits(self.number, self.waits)
                has_said = True
            self.poll(left_s if has_said else SAY_S)
            self.listen()
            if self._channel is None:
                refusal = self._submit()  # the dispatcher was restarted: the token keeps our place
                if refusal is not None:
                    return refusal
        self.manners.begins(self.number, has_waited=has_said)
        return None

    def _end_of_wait(self, left_s: float | None) -> int | None:
        """The exit code of who waits no longer."""
        if self.signals:
            return self.manners.interrupted(self.number, self.signals[0])
        if self.is_acknowledged:
            return self.manners.revoked(self.number)
        return self.manners.gives_up(self.waits) if left_s == 0.0 else None

    def _patience_left(self, began_at: float) -> float | None:
        """How long to wait still; None: for ever."""
        if self.manners.give_up_s is None:
            return None
        return max(0.0, began_at + self.manners.give_up_s - self._clock.boottime())

    def poll(self, wait_s: float | None) -> None:
        """Waits until something is said, or a child or the worker has news."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        if self._channel is not None:
            poll.register(self._channel.fileno(), select.POLLIN)
        ready = {fd for fd, _ in poll.poll(timeout_ms(wait_s))}
        if self._wake in ready:
            os.read(self._wake, 4096)
        self.rung = os.read(self._bell, 4096) if self._bell in ready else b""

    def listen(self) -> None:
        """Hears what the dispatcher has said; notes it if it has hung up."""
        channel = self._channel
        if channel is None:
            return
        try:
            for message in channel.receive():
                self._hear(message)
        except WireError:
            channel.closed = True
        if channel.closed:
            channel.close()
            self._channel = None

    def _hear(self, message: Message) -> None:
        match message.verb:
            case "grant":
                self.grant = messages.read_grant(message)
            case "stop" if self.ward is not None:
                order = messages.read_stop(message)
                self.ward.stop(kill=order.kill, requeue=order.requeue)
            case "signal" if self.ward is not None:
                self.ward.signal(messages.read_signal(message), messages.read_reach(message))
            case "step" if self.ward is not None:
                self.ward.signal_step(*messages.read_step(message))
            case "amend" if self.ward is not None:
                self.ward.amend(messages.read_amendment(message))
            case "notify" if self.ward is not None:
                self.ward.notify(messages.read_notice(message))
            case "ended-ack" | "stop":  # a stop of what does not run yet
                self.is_acknowledged = True
            case _:
                return  # said to agents only
