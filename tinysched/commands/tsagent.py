"""tsagent: shows, starts, replaces and ends the caller's agent, and has it started at boot."""

from __future__ import annotations

import json
import os

import click

from tinysched import __version__
from tinysched.commands import persistence, verbs
from tinysched.commands.agentlife import AgentLife, Look
from tinysched.errors import EXIT_NOT_RUNNING
from tinysched.host.clock import Clock, SystemClock
from tinysched.job.quantities import format_time
from tinysched.site import Site

NAME = "tsagent"
ROOT_WAIT_S = 600.0
ROOT_LOOK_S = 2.0


def main(site: Site, argv: list[str]) -> int:
    """Runs one verb and gives its exit code."""
    return verbs.run(cli, NAME, site, argv)


@click.group(context_settings=verbs.SETTINGS)
@click.version_option(__version__, "-V", "--version", message=f"{NAME} (tinysched) %(version)s")
def cli() -> None:
    """Look after your agent, the program that starts your jobs as you.

    It starts by itself with your first job, outlives your logout, and ends when
    you have had no job for a while. Running jobs go on whatever is done to it.

    \b
    Example:
        tsagent enable
        tsagent status

    \b
    Exit codes:
        0 done   1 refused   2 wrong usage   3 not running (status)
    """  # noqa: D301 -- \b is the character by which click keeps lines apart


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def status(site: Site, *, as_json: bool) -> int:
    """Tell how your agent does: exit code 0 if it runs, 3 if not."""
    clock = SystemClock()
    look, ways = AgentLife(site, clock).look(), persistence.ways(site)
    if as_json:
        click.echo(json.dumps(_values(site, look, ways), sort_keys=True))
    else:
        lines = _lines(site, look, ways, clock)
        click.echo("\n".join(f"{key + ':':<10} {value}" for key, value in lines))
    return EXIT_NOT_RUNNING if look.pid is None else 0


@cli.command()
@click.option("--at-boot", is_flag=True, hidden=True)
@click.pass_obj
def start(site: Site, *, at_boot: bool) -> None:
    """Start your agent. If it runs already, says so."""
    clock = SystemClock()
    if at_boot:
        _await_root(site, clock)
    words = AgentLife(site, clock).start()
    if not at_boot:  # cron would send a mail
        click.echo(words)


@cli.command()
@click.pass_obj
def stop(site: Site) -> None:
    """Stop your agent, unless jobs of yours run."""
    click.echo(AgentLife(site, SystemClock()).stop())


@cli.command()
@click.pass_obj
def restart(site: Site) -> None:
    """Replace your agent by one like this shell.

    Jobs that start from now on have this shell's groups and hard limits.
    """
    click.echo(AgentLife(site, SystemClock()).restart())


@cli.command()
@click.pass_obj
def enable(site: Site) -> None:
    """Have your agent started when this host boots.

    By systemd if it serves users here, else by a line in your crontab; says
    which.
    """
    click.echo(persistence.enable(site))


@cli.command()
@click.pass_obj
def disable(site: Site) -> None:
    """Take away exactly what 'enable' did."""
    click.echo(persistence.disable(site))


def _await_root(site: Site, clock: Clock) -> None:
    """At boot, file systems may come later than cron."""
    until = clock.boottime() + ROOT_WAIT_S
    while not os.path.isdir(f"{site.root}/users") and clock.boottime() < until:
        clock.sleep(ROOT_LOOK_S)


def _values(site: Site, look: Look, ways: list[str]) -> dict[str, object]:
    return {
        "state": "not running" if look.pid is None else "running",
        "pid": look.pid,
        "since": look.began_at,
        "root": site.root,
        "jobs": look.runs,
        "connected": look.pid is not None and not look.unconnected,
        "started_at_boot_by": ways,
    }


def _lines(site: Site, look: Look, ways: list[str], clock: Clock) -> list[tuple[str, str]]:
    lines = [("state", "not running" if look.pid is None else "running")]
    if look.pid is not None and look.began_at is not None:
        since = format_time(look.began_at, clock.utc_offset_s(look.began_at))
        connected = f"no: {look.unconnected}" if look.unconnected else "yes"
        lines += [("pid", str(look.pid)), ("since", since), ("connected", connected)]
    by_whom = f"yes, by {' and '.join(ways)}" if ways else "no: 'tsagent enable' arranges it"
    lines += [
        ("root", site.root),
        ("jobs", " ".join(look.runs) or "none run"),
        ("at boot", by_whom),
    ]
    return lines
