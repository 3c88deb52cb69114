"""`tsctl lint`: what a Slurm, and this queue, make of a script."""

from __future__ import annotations

import json
import posix
from collections.abc import Iterator

from tinysched.commands import submitting
from tinysched.errors import EXIT_DONE, EXIT_REFUSED, NoAccessError, TryLaterError
from tinysched.script.slurm.lint import Examined, Finding, Level, examine
from tinysched.script.submission import Settings
from tinysched.site import Site
from tinysched.wire import client

NAME = "tsctl"
# The queue itself says which indices are too high for it.
_ANY_INDEX = 2**31 - 1
_GRAVE = (Level.REFUSED, Level.NEVER)
NOT_ASKED = "sizes and names were not compared with the queue"


def run(site: Site, path: str, *, as_json: bool) -> tuple[str, str, int]:
    """What to print on stdout and on stderr, and the exit code.

    Raises: TinyschedError.
    """
    script = submitting.read(path, path)
    found = examine(script, path, Settings(max_array_index=_ANY_INDEX))
    notice = ""
    if not found.is_refused:
        try:
            found.findings += _of_the_queue(site, script, found)
        except (NoAccessError, TryLaterError) as error:
            notice = f"{NAME}: warning: {NOT_ASKED}: {error.sentence}\n"
    findings = sorted(found.findings, key=lambda finding: finding.line)
    is_grave = any(finding.level in _GRAVE for finding in findings)
    text = _json(path, findings) if as_json else _text(path, findings)
    return text, notice, EXIT_REFUSED if is_grave else EXIT_DONE


def _of_the_queue(site: Site, script: bytes, found: Examined) -> Iterator[Finding]:
    """What the dispatcher says. Raises: TryLaterError, NoAccessError."""
    fields = [
        ("command", NAME.encode()),
        ("cwd", posix.getcwd().encode("utf-8", "surrogateescape")),
        ("arg", b"script"),
        ("script", script),
    ]
    reply = client.ask(site, "lint", fields)
    for line in reply.out.decode("utf-8", "replace").splitlines():
        level, option, says = line.split("\t", 2)
        yield Finding(line=found.lines.get(option, 0), level=Level(level), says=says)


def _text(path: str, findings: list[Finding]) -> str:
    if not findings:
        return f"{path}: nothing that a Slurm would refuse, ignore or do otherwise\n"
    lines = []
    for finding in findings:
        where = f"{path}:{finding.line}" if finding.line else path
        lines.append(f"{where}: {finding.level.value}: {finding.says}\n")
        if finding.here:
            lines.append(f"    here: {finding.here}\n")
    return "".join(lines)


def _json(path: str, findings: list[Finding]) -> str:
    found = [
        {"line": one.line or None, "level": one.level.value, "says": one.says, "here": one.here}
        for one in findings
    ]
    return json.dumps({"script": path, "findings": found}, indent=2) + "\n"
