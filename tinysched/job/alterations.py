"""What an owner has changed of a request after it was submitted: names of files, and other words.

The dispatcher shows it; what runs is what the owner's own copy says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tinysched.job.request import Request

NAMES = ("name", "output", "error", "input", "work_dir", "mail_type", "mail_user", "requeue")
_LONGEST = 4096


def applied(request: Request, changes: Mapping[str, str]) -> Request:
    """The request as it is now; what has no meaning changes nothing."""
    for name, value in changes.items():
        if name in NAMES and len(value) <= _LONGEST and "\0" not in value:
            request = _applied(request, name, value)
    return request


def _applied(request: Request, name: str, value: str) -> Request:
    match name:
        case "name":
            return replace(request, name=value)
        case "output":
            return replace(request, output=value or None)
        case "error":
            return replace(request, error=value or None)
        case "input":
            return replace(request, input=value or None)
        case "work_dir":
            return replace(request, chdir=value or None)
        case "mail_type":
            return replace(request, mail_type=value or None)
        case "mail_user":
            return replace(request, mail_user=value or None)
        case _:
            return replace(request, requeue=value == "1")
