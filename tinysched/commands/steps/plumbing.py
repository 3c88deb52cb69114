"""All streams of a step together: what each task gets, and what srun has to move meanwhile."""

from __future__ import annotations

import posix
import select

from tinysched.commands.steps.streams import Input, Outputs, Relays, is_nothing
from tinysched.script.slurm.retelling import complaint

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tinysched.commands.steps.patterns import Names
    from tinysched.commands.steps.terminal import Terminal
    from tinysched.script.slurm.steps import Wants


class Plumbing:
    """One step's streams. `terminal_of`: makes the terminal of task 0, for --pty."""

    def __init__(
        self, wants: Wants, names: Names, ranks: int, pty: Callable[[], Terminal] | None
    ) -> None:
        mode = wants.text("open-mode") or "t"
        self._outputs = Outputs(wants.text, names.path, append=mode[:1].lower() == "a", ranks=ranks)
        self._names = names
        self._input_mode = wants.text("input")
        self._relays = Relays(ranks, labelled=wants.has("label"))
        self._input = Input()
        self._ranks = ranks
        self._of_task: list[int] = []
        self._terminal = None if pty is None else pty()

    @property
    def is_raw(self) -> bool:
        """Our own terminal takes every byte as it is."""
        return self._terminal is not None and self._terminal.has_keys

    def terminal(self, rank: int) -> int | None:
        """The terminal of a task's own, if it has one."""
        return None if self._terminal is None or rank else self._terminal.slave

    def streams(self, rank: int) -> tuple[int, int, int]:
        """Descriptors for one task that is about to start. Raises: VerbatimError."""
        slave = self.terminal(rank)
        if slave is not None:
            assert self._terminal is not None, "it has a slave"
            return slave if self._terminal.has_keys else self._stdin(rank), slave, slave
        stdin = self._stdin(rank)
        out, err = (self._relayed(rank, fd) for fd in self._outputs.of(rank))
        return stdin, out, err

    def _relayed(self, rank: int, fd: int) -> int:
        """What a task writes comes through us where it gets labels, or where a terminal begins."""
        if not self._relays.labelled and (self._terminal is not None or not posix.isatty(fd)):
            return fd
        writer = self._relays.pipe(rank, fd)
        self._of_task.append(writer)
        return writer

    def started(self, _rank: int) -> None:
        """The task has its streams: our copies go."""
        for fd in self._of_task:
            posix.close(fd)
        self._of_task.clear()

    def _stdin(self, rank: int) -> int:
        mode = self._input_mode
        if mode in (None, "all") or mode == str(rank):
            if self._terminal is not None and self._terminal.has_keys:
                return self._nowhere()
            if mode != str(rank) and self._ranks > 1 and not is_nothing(0):
                return self._through_us()
            return self._through_us() if posix.isatty(0) else 0
        if mode == "none" or (mode.isdigit() and int(mode) < self._ranks):
            return self._nowhere()
        try:
            fd = posix.open(self._names.path(mode, rank), posix.O_RDONLY | posix.O_CLOEXEC)
        except OSError as error:
            raise complaint("srun", f"Could not open stdin file: {error.strerror}") from None
        self._of_task.append(fd)
        return fd

    def _through_us(self) -> int:
        fd = self._input.pipe()
        self._of_task.append(fd)
        return fd

    def _nowhere(self) -> int:
        fd = posix.open("/dev/null", posix.O_RDONLY | posix.O_CLOEXEC)
        self._of_task.append(fd)
        return fd

    # What there is to move

    def wait(self, wake: int, line: int | None, wait_s: float | None) -> None:
        """Waits until something happens, and moves what is to be moved."""
        look = select.poll()
        look.register(wake, select.POLLIN)
        if line is not None:
            look.register(line, select.POLLIN)
        if self._input.is_wanted:
            look.register(0, select.POLLIN)
        for writer in self._input.writers:
            look.register(writer, select.POLLOUT)
        readers = tuple(self._relays.readers)
        for reader in readers:
            look.register(reader, select.POLLIN)
        if self._terminal is not None:
            self._terminal.register(look)
        ready = {fd for fd, _ in look.poll(None if wait_s is None else int(wait_s * 1000) + 1)}
        self._move(ready, readers)

    def _move(self, ready: set[int], readers: tuple[int, ...]) -> None:
        for reader in readers:
            if reader in ready:
                self._relays.move(reader)
        if self._terminal is not None:
            self._terminal.move(ready)
        if 0 in ready and self._input.is_wanted:
            self._input.take()
        for writer in ready.intersection(self._input.writers):
            self._input.give(writer)

    def let_out(self) -> None:
        """What tasks wrote before they ended comes before the word that they have ended."""
        self._relays.flush()
        if self._terminal is not None:
            self._terminal.flush()

    def finish(self) -> None:
        """All tasks have ended."""
        self._relays.finish()
        if self._terminal is not None:
            self._terminal.close()
        self._outputs.close()
