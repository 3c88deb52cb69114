"""tsdaemon: starts, stops and asks the dispatcher. Also known as tiny_sched_daemon.sh."""

from __future__ import annotations

import json
import os

import click

from tinysched import __version__
from tinysched.commands import asking, verbs
from tinysched.commands.lifetime import Lifetime, act_as_admin, answering_pid
from tinysched.errors import EXIT_NOT_RUNNING, RefusedError, TryLaterError
from tinysched.host.clock import SystemClock
from tinysched.site import Site

NAME = "tsdaemon"


def main(site: Site, argv: list[str]) -> int:
    """Runs one verb and gives its exit code."""
    return verbs.run(cli, NAME, site, argv)


@click.group(context_settings=verbs.SETTINGS)
@click.version_option(__version__, "-V", "--version", message=f"{NAME} (tinysched) %(version)s")
def cli() -> None:
    """Start, stop or ask the dispatcher of the queue, as the queue's admin.

    Running jobs go on whatever is done to the dispatcher.

    \b
    Example:
        tsdaemon start --supervised
        tsdaemon status

    \b
    Exit codes:
        0 done   1 refused   2 wrong usage   3 not running (status)
    """  # noqa: D301 -- \b is the character by which click keeps lines apart


def _supervised(command: click.decorators.FC) -> click.decorators.FC:
    words = "Let supervisord run it and start it again whenever it ends."
    return click.option("--supervised", is_flag=True, help=words)(command)


@cli.command()
@_supervised
@click.pass_obj
def start(site: Site, *, supervised: bool) -> None:
    """Start the dispatcher in the background.

    Returns when it answers. If it runs already, says so.
    """
    act_as_admin(site)
    life = Lifetime(site, SystemClock())
    click.echo(life.start_supervised() if supervised else life.start())


@cli.command()
@click.pass_obj
def stop(site: Site) -> None:
    """Stop the dispatcher, and supervisord if that runs it."""
    act_as_admin(site)
    click.echo(Lifetime(site, SystemClock()).stop())


@cli.command()
@_supervised
@click.pass_obj
def restart(site: Site, *, supervised: bool) -> None:
    """Stop the dispatcher and start it the same way as before."""
    act_as_admin(site)
    life = Lifetime(site, SystemClock())
    if supervised and not life.supervision():
        life.stop()
        click.echo(life.start_supervised())
        return
    click.echo(life.restart())


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def status(site: Site, *, as_json: bool) -> int:
    """Tell how the dispatcher does: exit code 0 if it runs, 3 if not."""
    try:
        reply = asking.ask(site, NAME, "status", ["--json"] if as_json else [])
    except TryLaterError as nobody:
        if not os.access(site.root, os.X_OK) and os.path.exists(site.root):
            raise RefusedError(nobody.sentence, nobody.cure) from None
        click.echo(
            json.dumps({"state": "not running", "root": site.root})
            if as_json
            else f"state: not running\nroot:  {site.root}"
        )
        return EXIT_NOT_RUNNING
    code = asking.deliver(site, NAME, reply)
    supervision = "" if as_json else Lifetime(site, SystemClock()).supervision()
    if supervision:
        click.echo(supervision)
    return code


@cli.command()
@click.pass_obj
def run(site: Site) -> None:
    """Run the dispatcher in the foreground, until TERM or Ctrl-C."""
    act_as_admin(site)
    pid = answering_pid(site)
    if pid is not None:
        raise RefusedError(f"cannot run a dispatcher for {site.root}: pid {pid} is at it already")
    program = f"{site.bin_dir}/tinysched"
    try:
        os.execv(program, [program, "dispatcher", "--root", site.root])
    except OSError as error:
        raise RefusedError(f"cannot start {program}: {error.strerror}") from None


@cli.command()
@click.pass_obj
def reload(site: Site) -> int:
    """Have the dispatcher read config.yaml again.

    If the file is wrong, says why; the configuration read before stays in force.
    """
    return asking.deliver(site, NAME, asking.ask(site, NAME, "reload", []))
