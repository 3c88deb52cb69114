"""Bringing a user's agent back after a reboot: by systemd where it serves users, else by cron."""

from __future__ import annotations

from tinysched.errors import RefusedError, TinyschedError
from tinysched.host import crontab, userunit
from tinysched.site import Site


def enable(site: Site) -> str:
    """Arranges it; answers in words what was done.

    Raises: RefusedError that names why neither serves.
    """
    try:
        unit = userunit.enable(site.root, f"{site.bin_dir}/tinysched")
    except TinyschedError as error:
        why = error.sentence
    else:
        _without_cron(site)
        return f"enabled: systemd starts your agent at boot (lingering is on): {unit}"
    try:
        line = crontab.enable(site.root, f"{site.bin_dir}/tsagent")
    except TinyschedError as error:
        raise RefusedError(
            f"cannot have your agent started at boot: {why}; {error.sentence}",
            "ask who runs this host for 'loginctl enable-linger' or a place in /etc/cron.allow;"
            " until then your first ts command after a reboot starts it",
        ) from None
    return f"enabled: cron starts your agent at boot ({why}): {line}"


def disable(site: Site) -> str:
    """Takes away what `enable` arranged, and nothing else; answers in words.

    Raises: RefusedError.
    """
    try:
        found = userunit.disable(site.root)
        if crontab.is_enabled(site.root):
            found = crontab.disable(site.root)
    except TinyschedError as error:
        raise RefusedError(f"cannot disable it wholly: {error.sentence}") from None
    if not found:
        return "it was not enabled"
    return "disabled: your agent is not started at boot any more"


def ways(site: Site) -> list[str]:
    """Who starts the agent at boot: systemd, cron, both or nobody."""
    found = {"systemd": userunit.is_enabled(site.root), "cron": crontab.is_enabled(site.root)}
    return [way for way, is_enabled in found.items() if is_enabled]


def _without_cron(site: Site) -> None:
    if crontab.is_enabled(site.root):
        crontab.disable(site.root)
