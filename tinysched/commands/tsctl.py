"""tsctl: looks after an installation."""

from __future__ import annotations

import click

from tinysched import __version__
from tinysched.commands import backups, linting, stories, verbs
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
        0 done   1 something FAILs, is refused, or no such job   2 wrong usage
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


@cli.command()
@click.argument("script", metavar="SCRIPT")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def lint(site: Site, script: str, *, as_json: bool) -> int:
    """Tell what a Slurm would refuse or ignore in a job script.

    And what becomes of it here, with sbatch and with tsbatch. Nothing is
    submitted. A line for each finding: refused, never starts (too large for
    this queue), ignored, kept (accepted, without effect) or differs.
    Exits 1 if it is refused or never starts.
    """
    out, notice, code = linting.run(site, script, as_json=as_json)
    click.echo(notice, nl=False, err=True)
    click.echo(out, nl=False)
    return code


@cli.command(name="backup")
@click.argument("file", metavar="FILE.tar")
@click.pass_obj
def back_up(site: Site, file: str) -> None:
    """Write the queue's records into a file, while it runs.

    For the admin. The file (mode 0600) holds queue/, state/ and config.yaml, as
    they were at one moment. users/ is not in it: what jobs run is their owners'
    own.
    """
    click.echo(backups.make(site, file), nl=False)


@cli.command()
@click.argument("file", metavar="FILE.tar")
@click.option("--force", is_flag=True, help="Move the jobs that are there aside.")
@click.pass_obj
def restore(site: Site, file: str, *, force: bool) -> None:
    """Put back what 'tsctl backup' wrote; the dispatcher must be stopped.

    For the admin. Numbers of jobs never go back. What runs now stays known and
    goes on. A job that ran in the file goes on if its agent has it; else it ends
    as NODE_FAIL. One that waited there can start if its owner's request is still
    in users/, and did not run since; else it fails and says so.
    """
    click.echo(backups.put_back(site, file, force=force), nl=False)


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
