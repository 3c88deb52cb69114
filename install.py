#!/usr/bin/env python3
"""Install tinysched, upgrade it while jobs run, remove it, or try it out with --demo.

Runs as    the queue's admin, or root for them; standard library only
Reads      the sources beside it; <prefix>/install.json of the run before
Writes     <prefix>/versions/<version> and <prefix>/current, links in bin-dir, the queue's root
If it dies what was installed before goes on; run it again
"""

from __future__ import annotations

import argparse
import fcntl
import os
import sys

if sys.version_info < (3, 10):  # noqa: UP036 -- it is the one file that older ones may meet
    sys.exit("install.py: error: cannot install with this Python: 3.10 or newer is needed")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from installer import (
    bundling,
    demo,
    files,
    interpreter,
    launchers,
    queue_root,
    removal,
    trust,
    versions,
)
from installer import choices as choosing
from installer.choices import Choices
from installer.words import InstallError, step, warn


def main(arguments: list[str]) -> int:
    """Do what the command line asks for; exit code 0, 1 (refused) or 2 (wrong usage)."""
    os.umask(0o022)
    parser = choosing.parser()
    given = parser.parse_args(arguments)
    if given.purge_state and not given.uninstall:
        parser.error("--purge-state goes with --uninstall")
    if given.demo and given.uninstall:
        parser.error("--demo and --uninstall do not go together")
    try:
        return _do(given)
    except InstallError as error:
        sys.stdout.flush()
        print(f"install.py: error: {error.sentence}", file=sys.stderr)
        if error.cure:
            print(error.cure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _do(given: argparse.Namespace) -> int:
    if given.demo:
        return demo.run(given, install)
    chosen = choosing.read(given)
    if given.uninstall:
        removal.remove(chosen, purge_state=given.purge_state)
        return 0
    install(chosen)
    _tell_the_rest(chosen)
    return 0


def install(chosen: Choices) -> None:
    """Every step in an order in which what runs is never without its programs."""
    _refuse_unsafe(chosen)
    python = interpreter.choose(chosen.trusted)
    files.directory(chosen.prefix)
    lock = os.open(chosen.prefix, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        place = versions.build(chosen, python)
        launchers.write(chosen, place)
        bundling.write(place)
        queue_root.make(chosen)
        queue_root.configure(chosen, f"{place}/bin/python")
        versions.use(chosen, place)
        launchers.publish(chosen)
        files.replace(chosen.record, chosen.as_json(), 0o644)
        if chosen.secure_acl:
            queue_root.set_access_lists(chosen)
        _refuse_unsafe(chosen)
        versions.remove_unused(chosen)
    except BlockingIOError:
        raise InstallError(
            f"cannot install into {chosen.prefix}: another install.py is at it"
        ) from None
    finally:
        os.close(lock)


def _refuse_unsafe(chosen: Choices) -> None:
    """Nobody else may be able to change what everybody runs. Before, and again after the work."""
    trust.check("--prefix", chosen.prefix, chosen.trusted)
    trust.check("--bin-dir", chosen.bin_dir, chosen.trusted)
    trust.check("--sched-root", chosen.root, chosen.trusted)
    if chosen.lock_dir:
        trust.check("--lock-dir", chosen.lock_dir, chosen.trusted)


def _tell_the_rest(chosen: Choices) -> None:
    """What to do next."""
    step(f"tinysched {versions.version()} is installed")
    print(f"start it:      {chosen.bin_dir}/tsdaemon start --supervised   (as {chosen.admin})")
    print(f'everybody:     export PATH="{chosen.bin_dir}:$PATH"   in ~/.bashrc or ~/.zshrc')
    print(f"configuration: {chosen.root}/config.yaml, then tsdaemon reload")
    if versions.running(f"{chosen.prefix}/versions") not in ([], [0]):
        warn("programs of an older run go on; 'tsdaemon restart' starts the dispatcher afresh")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
