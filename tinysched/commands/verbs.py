"""From a group of click commands to an exit code, with our own words for wrong usage."""

from __future__ import annotations

import click

from tinysched.commands import console
from tinysched.errors import EXIT_DONE, UsageError
from tinysched.site import Site

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80, "terminal_width": 80}


def run(cli: click.Group, name: str, site: Site, argv: list[str]) -> int:
    """Runs one verb and gives its exit code.

    Raises: UsageError.
    """
    try:
        code = cli.main(args=argv, prog_name=name, standalone_mode=False, obj=site)
    except click.exceptions.NoArgsIsHelpError as asked:
        console.say_error(f"{asked.format_message()}\n")
        return asked.exit_code
    except click.UsageError as error:
        message = error.format_message().rstrip(".")
        raise UsageError(
            f"cannot read the command line: {message[:1].lower()}{message[1:]}",
            f"try '{name} --help'",
        ) from None
    except click.exceptions.Abort:
        return 130
    return int(code or EXIT_DONE)
