"""`--help` and `--version` of every command: what the table of options says, laid out by click."""

from __future__ import annotations

from collections.abc import Sequence

from tinysched import __version__
from tinysched.errors import EXIT_DONE
from tinysched.script.grammar import Option, has, split

COLUMNS = 80


def asked(command: str, argv: Sequence[str]) -> str | None:
    """The text that a command line asks for, or None if it asks for neither help nor version.

    `command`: the module's name, such as `run_job`.
    Raises: UsageError.
    """
    from tinysched.commands.pages import PAGES

    page = PAGES[command]
    found, _ = split(page.options, argv, page.shown, stop_at_word=page.stops_at_word)
    if has(found, "help"):
        return text(command)
    return f"{page.shown} (tinysched) {__version__}\n" if has(found, "version") else None


def show(command: str, argv: Sequence[str]) -> int:
    """Prints the help or version that a command line asks for.

    Raises: UsageError.
    """
    from tinysched.commands import console

    console.say((asked(command, argv) or "").encode())
    return EXIT_DONE


def text(command: str) -> str:
    """The help page of a command, 80 columns wide."""
    import click

    from tinysched.commands.pages import PAGES

    page = PAGES[command]
    out = click.HelpFormatter(width=COLUMNS)
    out.write_usage(page.shown, page.usage)
    for paragraph in page.says:
        out.write_paragraph()
        with out.indentation():
            out.write_text(paragraph)
    with out.section("Options"):
        out.write_dl([(_written(option), option.help) for option in page.options])
    for title, rows in page.tables.items():
        with out.section(title):
            out.write_dl(list(rows.items()))
    with out.section("Example"):
        for line in page.example:
            out.write(f"{'':{out.current_indent}}{line}\n")
    with out.section("Exit codes"):
        out.write_dl([(str(code), meaning) for code, meaning in page.exits.items()])
    return out.getvalue()


def _written(option: Option) -> str:
    short = f"-{option.short}, " if option.short else "    "
    if not option.placeholder:
        return f"{short}--{option.name}"
    value = f"={option.placeholder}"
    return f"{short}--{option.name}{f'[{value[0]}{value[2:]}' if value[1] == '[' else value}"
