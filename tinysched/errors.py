"""Every failure that we raise ourselves, each with the exit code it ends a command with.

Imported on the start-up path of tsbatch, tsqueue and tscancel: imports nothing.
"""

EXIT_DONE = 0
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_NOT_RUNNING = 3
EXIT_TRY_LATER = 75

ASK_FOR_GROUP = "ask the queue's admin to add you to its group, then log in again"


class TinyschedError(Exception):
    """A failure in a sentence: `cannot <verb> <what>: <why>`, and perhaps its cure."""

    exit_code = EXIT_REFUSED

    def __init__(self, sentence: str, cure: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.cure = cure


class VerbatimError(TinyschedError):
    """A failure in words that programs wait for, as Slurm's commands say them.

    `text` is all that stderr shows, with its last newline.
    """

    def __init__(self, text: str, exit_code: int = EXIT_REFUSED, out: str = "") -> None:
        super().__init__(text.rstrip("\n"))
        self.text = text
        self.exit_code = exit_code
        self.out = out


class UsageError(TinyschedError):
    """A command line that is no command line of ours."""

    exit_code = EXIT_USAGE


class ScriptError(TinyschedError):
    """A script, directive or option value that cannot be accepted."""


class RefusedError(TinyschedError):
    """A well-formed request that is not granted."""


class TryLaterError(TinyschedError):
    """Something that may work in a moment, such as a dispatcher that is being restarted."""

    exit_code = EXIT_TRY_LATER


class HungUpError(TryLaterError):
    """Somebody heard the question and was gone before the answer: it may have had its effect."""


class NoAccessError(TryLaterError):
    """A queue that is there, but not for this caller; whoever takes in the one takes in this."""

    exit_code = EXIT_REFUSED


class ConfigError(TinyschedError):
    """A configuration that cannot be used: names key, value, line and what would do."""


class SpoolError(TinyschedError):
    """The disk refused, or holds what we cannot read."""


class WireError(TinyschedError):
    """The other end of a socket broke the rules, or is not who it should be."""


class NewerError(WireError):
    """The other end is of a newer release: it is understood once this end is restarted."""

    exit_code = EXIT_TRY_LATER
