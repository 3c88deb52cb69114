"""A job in its user's own terminal: waits in the queue, then runs as a child of this process.

Runs as: the user, started by run_job.sh, one process a job.
Reads:   the grant, over its own connection to the dispatcher.
Writes:  users/u<uid>/requests/ and runs/, as tsbatch and the agent do for other jobs.
If it dies: what waits is cancelled; what runs is ended by its worker, and the agent reports it.
"""

from __future__ import annotations

import os
import select
import signal
import sys

from tinysched.errors import EXIT_DONE, TinyschedError, TryLaterError, WireError
from tinysched.host import agent_start, processes, terminal
from tinysched.host.clock import Clock, SystemClock
from tinysched.job.model import Cause, Ending, Exit, Grant
from tinysched.programs import worker
from tinysched.programs.assignment import Registry
from tinysched.programs.ward import Ward
from tinysched.script import submission
from tinysched.site import Site
from tinysched.spool import outbox
from tinysched.spool.private import Private
from tinysched.wire import messages
from tinysched.wire.channel import Channel, Listener, Message, connected
from tinysched.wire.client import hello

NAME = "run_job.sh"
PASSED_ON = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
RESTART_S = 30.0
SAY_S = 0.3
ACK_S = 3.0
BY_SIGNAL = 128
NOT_STARTED = 127
SOCKET_MODE = 0o600


def main(site: Site, argv: list[str]) -> int:
    """Runs one command when its cores are free; its exit code is ours."""
    cwd = os.getcwd()
    submission.read_foreground(argv, cwd)
    private = Private.open(site.root, os.getuid())
    return _Foreground(site, private, SystemClock(), argv, cwd).run()


class _Foreground:
    def __init__(
        self, site: Site, private: Private, clock: Clock, argv: list[str], cwd: str
    ) -> None:
        self._site = site
        self._private = private
        self._clock = clock
        self._argv = [os.fsencode(word) for word in argv]
        self._cwd = os.fsencode(cwd)
        self._token = os.urandom(16).hex()
        self._channel: Channel | None = None
        self._grant: Grant | None = None
        self._ward: Ward | None = None
        self._signals: list[int] = []
        self._is_acknowledged = False
        self._waits = ""
        self._wake, self._wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._bell, self._bell_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def run(self) -> int:
        for signum in PASSED_ON:
            signal.signal(signum, lambda signum, _frame: self._signals.append(signum))
        signal.signal(signal.SIGCHLD, lambda _signum, _frame: None)
        processes.set_subreaper()
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        lock = self._store()
        try:
            refusal = self._submit()
        finally:
            os.close(lock)
        if refusal is not None:
            outbox.remove(self._site.root, os.getuid(), self._token)
            return refusal
        code = self._wait_for_grant()
        return self._start() if code is None else code

    # Asking

    def _store(self) -> int:
        umask = os.umask(0o077)
        os.umask(umask)
        with open("/proc/self/limits", "rb") as file:
            limits = file.read()
        environment = [n + b"=" + v for n, v in os.environb.items()]
        files = [
            ("slurm_script", b""),
            ("argv", outbox.pack(self._argv)),
            ("variables", b""),
            ("environment", outbox.pack(environment)),
            ("cwd", self._cwd),
            ("umask", b"%04o\n" % umask),
            ("limits", limits),
            ("command", b"run_job\n"),
        ]
        return outbox.write(self._site.root, os.getuid(), self._token, files)

    def _submit(self) -> int | None:
        """Asks for the cores; None if that was accepted, else an exit code."""
        channel = connected(self._site, RESTART_S)
        fields = [
            *hello(),
            ("command", b"run_job"),
            ("token", self._token.encode()),
            ("cwd", self._cwd),
            *(("arg", word) for word in self._argv),
        ]
        channel.send("submit", fields)
        self._channel = channel
        reply = self._next_message(RESTART_S)
        if reply is None or reply.verb != "reply":
            raise TryLaterError("cannot get cores: the dispatcher does not answer", "try again")
        sys.stderr.write(reply.text("err", ""))
        self._waits = f"job {reply.text('id', '?')} waits for {reply.text('waits', 'its turn')}"
        if reply.text("agent_missing", "0") == "1":
            agent_start.start(self._site.bin_dir, self._site.root)
        code = int(reply.text("exit"))
        return None if code == EXIT_DONE else code

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
            self._poll(left_s)
        return None

    def _wait_for_grant(self) -> int | None:
        """None when the cores are ours, else an exit code: told to stop, or cancelled."""
        say_at = self._clock.boottime() + SAY_S
        has_said = False
        while self._grant is None:
            if self._signals:
                return BY_SIGNAL + self._signals[0]
            if self._is_acknowledged:
                sys.stderr.write(f"{NAME}: error: cannot run the job: it was cancelled\n")
                return BY_SIGNAL + signal.SIGTERM
            if not has_said and self._clock.boottime() >= say_at:
                sys.stderr.write(f"{NAME}: {self._waits}\n")
                has_said = True
            self._poll(None if has_said else SAY_S)
            self._listen()
            if self._channel is None:
                refusal = self._submit()  # the dispatcher was restarted: the token keeps our place
                if refusal is not None:
                    return refusal
        return None

    def _poll(self, wait_s: float | None) -> None:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        if self._channel is not None:
            poll.register(self._channel.fileno(), select.POLLIN)
        ready = {fd for fd, _ in poll.poll(None if wait_s is None else int(wait_s * 1000) + 1)}
        if self._wake in ready:
            os.read(self._wake, 4096)
        if self._bell in ready and worker.STOPPED in os.read(self._bell, 4096):
            self._step_aside()

    def _listen(self) -> None:
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
                self._grant = messages.read_grant(message)
            case "stop" if self._ward is not None:
                self._ward.stop(kill=messages.read_number(message, "kill") != 0)
            case "signal" if self._ward is not None:
                self._ward.signal(messages.read_number(message, "signal"))
            case "ended-ack":
                self._is_acknowledged = True
            case _:
                return  # said to agents only

    # Running

    def _start(self) -> int:
        grant = self._grant
        assert grant is not None, "waited for"
        try:
            assignment = Registry(self._site, self._private).assign(grant)
            ward = Ward(self._private.claim(grant), grant, assignment)
        except TinyschedError as error:
            self._refuse(grant, error.sentence)
            raise
        self._ward = ward
        listener = Listener(ward.dir.path, "ctl.sock", SOCKET_MODE)
        tools = worker.Tools(
            clock=self._clock,
            private=self._private,
            run=ward.dir,
            listener=listener,
            bell=self._bell_writer,
        )

        def work() -> int:
            if self._channel is not None:
                self._channel.close()
            return worker.work(assignment, tools)

        child = processes.fork_worker(work)
        ward.dir.release_locks()
        listener.abandon()
        self._watch(ward, child)
        if ward.ending is None and ward.started is not None:
            self._watch_in_custody(ward)
        return self._leave(ward)

    def _refuse(self, grant: Grant, words: str) -> None:
        if self._channel is not None:
            ending = Ending(
                run=grant.run,
                cause=Cause.LAUNCH,
                exit=None,
                started_at=None,
                ended_at=self._clock.wall(),
                words=words,
            )
            self._channel.send("ended", messages.ending_fields(ending))

    def _watch(self, ward: Ward, child: int) -> None:
        """Until the worker has ended; passes on what it is told, to both sides."""
        while not any(reaped.pid == child for reaped in processes.reap()):
            while self._signals:
                ward.signal(self._signals.pop(0))
            if not ward.told_started:
                self._tell_started(ward)
            self._poll(None)
            self._listen()
        ward.look()

    def _watch_in_custody(self, ward: Ward) -> None:
        """The worker was killed; as a subreaper this process is the script's parent now."""
        ward.take_over(self._clock, ())
        custody, script = ward.custody, ward.script
        while custody is not None and not custody.is_over:
            for reaped in processes.reap():
                if reaped.pid == script:
                    ward.script_gone(Exit(code=reaped.code, signal=reaped.signal))
            if ward.script_has_vanished():
                ward.script_gone(None)
            while self._signals:
                ward.signal(self._signals.pop(0))
            wait_s = custody.step()
            if not custody.is_over:
                self._poll(wait_s)
                self._listen()
        ward.finish()

    def _step_aside(self) -> None:
        """Ctrl-Z stopped the job: stop as well, so that the shell takes over until fg or bg."""
        ward = self._ward
        if ward is None or ward.started is None:
            return
        group = ward.started.pid
        had_terminal = terminal.take_back(group)
        os.kill(os.getpid(), signal.SIGSTOP)  # noqa: TID251 - itself, as a shell expects of a job
        if had_terminal:
            terminal.give_to(group, os.getpgrp())
        ward.signal(signal.SIGCONT)

    def _tell_started(self, ward: Ward) -> None:
        ward.look()
        if ward.started is None or self._channel is None:
            return
        news = messages.Started(
            run=ward.grant.run,
            pid=ward.started.pid,
            started_at=ward.started.started_at,
            output="",
            error="",
        )
        self._channel.send("started", news.fields())
        ward.told_started = True

    def _leave(self, ward: Ward) -> int:
        ending = ward.ending
        if ward.started is not None:
            terminal.take_back(ward.started.pid)
        if ending is None:
            sys.stderr.write(
                f"{NAME}: error: cannot tell how the job ended: its worker was killed\n"
            )
            return BY_SIGNAL + signal.SIGKILL
        self._report(ward, ending)
        if ending.cause is Cause.LAUNCH or ending.exit is None:
            sys.stderr.write(f"{NAME}: error: {ending.words}\n")
            return NOT_STARTED
        if ending.survivors:
            sys.stderr.write(f"{NAME}: ended what was left of it: {', '.join(ending.survivors)}\n")
        return BY_SIGNAL + ending.exit.signal if ending.exit.signal else ending.exit.code

    def _report(self, ward: Ward, ending: Ending) -> None:
        """Tells the dispatcher; if it is not there the record stays for the agent to report."""
        if self._channel is None:
            return
        self._channel.send("ended", messages.ending_fields(ending))
        until = self._clock.boottime() + ACK_S
        while not self._is_acknowledged and self._channel is not None:
            left_s = until - self._clock.boottime()
            if left_s <= 0:
                return
            self._poll(left_s)
            self._listen()
        if self._is_acknowledged:
            ward.close()
            ward.dir.forget()
            outbox.remove(self._site.root, os.getuid(), self._token)
