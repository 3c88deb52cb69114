"""tsctl: looks after an installation."""

from __future__ import annotations

import click

from tinysched import __version__
from tinysched.commands import stories, verbs
from tinysched.commands.doctor import look, machine, places, programs, service, verdict
from tinysched.errors import SpoolError
from tinysched.host import identity
from tinysched.host.clock import SystemClock
from tinysched.site import Site

NAME = "tsctl"


def main(site: Site, argv: list[str]) -> int:
    """Runs one verb and gives its exit code."""
    return verbs.run(cli, NAME, site, argv)


@click.group(context_settings=verbs.SETTINGS)
@click.version_option(__version__, "-V", "--version", message=f"{NAME} (tinysched) %(version)s")
def cli() -> None:
    """Look after the installation of the queue.

    \b
    Example:
        tsctl why 42

    \b
    Exit codes:
        0 done   1 something FAILs, or no such job   2 wrong usage
        75 all is well, but no dispatcher answers
    """  # noqa: D301 -- \b is the character by which click keeps lines apart


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def doctor(site: Site, *, as_json: bool) -> int:
    """Check whether everything is as it should be, and tell the cures.

    Anybody may ask; the admin sees most. Nothing is changed. A line for each
    check: OK, WARN (it works, but) or FAIL, and below it what to do.
    """
    verdicts = _examine(site)
    click.echo(verdict.render_json(verdicts) if as_json else verdict.render(verdicts), nl=False)
    return verdict.exit_code(verdicts)


@cli.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def why(site: Site, ids: tuple[str, ...], *, as_json: bool) -> int:
    """Tell why jobs are where they are, what to expect, and what helps.

    ID is a job (42), a task (42_7) or several tasks (42_[2-4,9]). Whoever may
    see a job may ask. Without a dispatcher the answer comes from its files.
    """
    return stories.tell(site, "why", ids, as_json=as_json)


@cli.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def history(site: Site, ids: tuple[str, ...], *, as_json: bool) -> int:
    """Tell all that happened to jobs: orders, attempts, ends.

    ID is a job (42), a task (42_7) or several tasks (42_[2-4,9]). It comes from
    the job's own record: logs may be gone, but what was purged is forgotten.
    """
    return stories.tell(site, "history", ids, as_json=as_json)


def _examine(site: Site) -> list[verdict.Verdict]:
    try:
        seen = look.at_places(site)
    except SpoolError as error:
        return [verdict.fail("root", error.sentence, "install.py makes a queue; see --sched-root")]
    return [
        *places.judge(*seen),
        *programs.judge(look.at_programs(site), identity.user_name),
        *service.judge(look.at_service(site, SystemClock())),
        *machine.judge(look.at_machine(site)),
    ]
