"""What changes from run to run becomes a token, so that two runs can be compared.

A token may be wider or narrower than what it stands for. Where that stands in a column, blanks
beside it are given or taken, first before it, so that the next column begins where it did.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

# A date up to 2029: later ones are the case's own.
_DATE = r"(?<!\d)20[12]\d-\d\d-\d\dT\d\d:\d\d:\d\d"
_SAME: Sequence[tuple[str, str]] = (
    (r"[^\s=:]*/slurm_script", "<SPOOL>/slurm_script"),
    (r"SLURM_TASK_PID=\d+", "SLURM_TASK_PID=<PID>"),
    (r"SLURM_WORKING_CLUSTER=\S+", "SLURM_WORKING_CLUSTER=<CLUSTER>"),
    (r"AllocNode:Sid=\S+", "AllocNode:Sid=<NODE:SID>"),
    (_DATE, "YYYY-MM-DDTHH:MM:SS"),
    (r"(?<![\d:.T-])00:00:\d\d(?![\d:])", "00:00:SS"),
    (r"(?<=  )0:\d\d(?= +[\dU])", "0:SS"),  # squeue's TIME
    (r"\b42949(?!6729)\d{5}\b|(?<=\bPriority=)[1-9]\d*", "<PRIORITY>"),
)
# Where commands tell ids, and where ids too short to be told from other numbers stand.
_TOLD = re.compile(
    r"(?:Submitted batch job|queued and waiting for resources, job|^srun: job|allocation) (\d+)",
    re.MULTILINE,
)
_KEPT = re.compile(r'^declare \S+ J[0-9A-Z]*="(\d+)', re.MULTILINE)
_SHORT = re.compile(r"(?:SLURM_JOB_?ID=|\bJobId=|\bJOB |\bid=|\bslurm-)(\d{1,3})(?!\d)")
_NUMBER = r"(?<!\d)(?:(?<!:)\d{1,9}|(?<=[a-z]:)\d{1,9}|(?<=:)\d{4,9})(?!\d)"
# Tasks have ids of their own, a little above those that were told.
_LEAST_ID = 1000
_ABOVE = 60
_LEAST_UID = 500


@dataclass(frozen=True, kw_only=True)
class Account:
    """A user of the tests under the name that the recordings use."""

    name: str
    uid: int
    gid: int


@dataclass(kw_only=True)
class Normaliser:
    """The tokens of one case; ids are numbered as they appear."""

    place: str
    host: str
    accounts: Sequence[Account]
    own: Sequence[tuple[str, str]] = ()
    _ids: dict[str, str] = field(default_factory=dict)

    def learn_told(self, text: str) -> None:
        """The ids that commands told in their answers."""
        self._learn(_TOLD.findall(text))

    def learn_kept(self, declarations: str) -> None:
        """The ids in the J variables that bash's `declare -p` prints."""
        self._learn(_KEPT.findall(declarations))

    def text(self, text: str, *, own: bool = True) -> str:
        """A text with tokens. `own`: with the case's own replacements before."""
        for pattern, new in self.own if own else ():
            text = re.sub(pattern, new, text, flags=re.MULTILINE)
        text = text.replace(self.place, "<DIR>")
        for pattern, new in _SAME:
            text = re.sub(pattern, new, text)
        self._learn(_SHORT.findall(text))
        if self._ids:
            text = _in_column(text, _NUMBER, self._id_token())
        for account in self.accounts:
            text = _numbers(text, account)
        text = text.replace(f"slurmstepd-{self.host}:", "slurmstepd:")
        return _in_column(text, rf"\b{re.escape(self.host)}\b", lambda _text: "<HOST>")

    def _learn(self, numbers: Iterable[str]) -> None:
        for number in numbers:
            self._ids.setdefault(number, f"<ID{len(self._ids) + 1}>")

    def _id_token(self) -> Callable[[str], str | None]:
        """Tells ids from other numbers: those that are known, and what lies between and above."""
        known = [int(digits) for digits in self._ids]
        least, most = max(min(known), _LEAST_ID), max(known) + _ABOVE

        def token(digits: str) -> str | None:
            if least <= int(digits) <= most:
                self._learn([digits])
            return self._ids.get(digits)

        return token


def _numbers(text: str, account: Account) -> str:
    """A user's numbers, unless they are those of a system account."""
    if account.uid < _LEAST_UID:
        return text
    for kind, number in (("UID", account.uid), ("GID", account.gid)):
        text = re.sub(rf"(?<!\d)(?<!= ){number}(?!\d)", f"<{kind}:{account.name}>", text)
    return text


def _in_column(text: str, pattern: str, token_of: Callable[[str], str | None]) -> str:
    def replaced(match: re.Match[str]) -> str:
        before, found, after = match.group("before", "found", "after")
        token = token_of(found)
        if token is None:
            return match.group(0)
        more = len(token) - len(found)
        if more and _gives(before, more):
            before = " " * (len(before) - more)
        elif more and _gives(after, more):
            after = " " * (len(after) - more)
        return f"{before}{token}{after}"

    return re.sub(rf"(?P<before> *)(?P<found>{pattern})(?P<after> *)", replaced, text)


def _gives(blanks: str, more: int) -> bool:
    """There are blanks to give, and one is left."""
    return len(blanks) >= 2 and len(blanks) > more
