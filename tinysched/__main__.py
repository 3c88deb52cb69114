"""The door: from `tinysched dispatcher`, `tinysched agent` and the like to the programs.

The launcher `tinysched` in bin-dir calls `main` with its site; who types it is a supervisor, a
command of ours or a developer, hardly ever a user.
"""

from __future__ import annotations

import posix
import sys

from tinysched import __version__, later
from tinysched.commands import console
from tinysched.errors import EXIT_DONE, TinyschedError, UsageError, VerbatimError
from tinysched.site import Site

USAGE = """\
Usage: tinysched dispatcher [--root DIR] [--supervised]
       tinysched agent [--replace | --lock=FD]
       tinysched foreground CPUS yes|no COMMAND...
       tinysched completion bash|zsh
       tinysched --help | --version

The door to the programs of tinysched; people use tsbatch, tsqueue, tsdaemon and the others.

  dispatcher    decide what runs when, in the foreground, as the queue's admin; --supervised: end
                when the supervisor that started it dies; --root: of another queue
  agent         start the caller's jobs; the commands do this by themselves; --replace: end the
                agent that is there; --lock: go on with its lock, as it does after an upgrade
  foreground    run a command in this terminal when its cores are free; what run_job.sh calls
  completion    print what makes a shell complete the commands

Example:
  eval "$(tinysched completion bash)"
"""

# Under which name a program's failures reach people, where that is not the door's own.
SHOWN = {"foreground": "run_job.sh"}


def main(site: Site, argv: list[str]) -> int:
    """Opens the door to one program and answers with its exit code."""
    later.postpone("inspect")
    try:
        return _enter(site.chosen_by(_variable(b"TJS_ROOT")), argv)
    except TinyschedError as error:
        console.complain(SHOWN.get(argv[0] if argv else "", "tinysched"), error)
        return error.exit_code


def _enter(site: Site, argv: list[str]) -> int:
    match argv:
        case ["dispatcher", *options]:
            return _dispatcher(site, options)
        case ["agent"] | ["agent", "--replace"]:
            from tinysched.programs import agent

            return agent.main(site, replace=len(argv) > 1)
        case ["agent", option] if option[:7] == "--lock=" and option[7:].isdecimal():
            from tinysched.programs import agent

            return agent.main(site, lock_fd=int(option[7:]))
        case ["foreground", *words]:
            return _foreground(site, words)
        case ["completion", *shell]:
            from tinysched.commands import completion

            return completion.main(site, shell)
        case ["--version" | "-V"]:
            sys.stdout.write(f"tinysched {__version__}\n")
            return EXIT_DONE
        case ["--help" | "-h"]:
            sys.stdout.write(USAGE)
            return EXIT_DONE
        case _:
            pass
    shown = " ".join(argv) or "nothing"
    raise UsageError(
        f"cannot start {shown!r}: expected dispatcher, agent, foreground or completion", USAGE
    )


def _foreground(site: Site, words: list[str]) -> int:
    """Becomes the client of a job; `--as=srun`: as that command would."""
    from tinysched.programs import foreground

    _, is_as, command = (words[0] if words else "").partition("--as=")
    if not is_as:
        return foreground.main(site, words)
    try:
        return foreground.main(site, words[1:], command)
    except VerbatimError as error:
        console.say_error(error.text)
        return error.exit_code
    except TinyschedError as error:
        console.complain(command, error)
        return error.exit_code


def _dispatcher(site: Site, options: list[str]) -> int:
    """Reads what the dispatcher's command line may say, and becomes it."""
    supervised = False
    rest = iter(options)
    for option in rest:
        if option == "--supervised":
            supervised = True
        elif option.startswith("--root="):
            site = site.chosen_by(option.partition("=")[2])
        elif option == "--root" and (root := next(rest, "")):
            site = site.chosen_by(root)
        else:
            raise UsageError(f"cannot start the dispatcher: what is {option!r}?", USAGE)
    from tinysched.host import processes
    from tinysched.programs import dispatcher

    if supervised:
        processes.die_with_parent()
    return dispatcher.main(site)


def _variable(name: bytes) -> str | None:
    value = posix.environ.get(name)
    return None if value is None else value.decode("utf-8", "surrogateescape")
