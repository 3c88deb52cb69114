"""README.md: its blocks are typed, what it names is there."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest

from installer import launchers, queue_root, versions
from tests.e2e import pages
from tests.e2e.people import REPOSITORY
from tests.e2e.rig import Site

PAGES = ["README.md", *(f"docs/{path.name}" for path in sorted((REPOSITORY / "docs").glob("*.md")))]
# What may keep a block from being typed, and the test that runs what it says all the same.
WHY_NOT = {
    "installs from the network": "test_demo.py",
    "changes the system": "test_install.py",
    "needs the network": "test_install.py",
    "needs root": "test_install.py",
    "ends the installation": "test_install.py",
    "needs zsh as the login shell": "test_completion.py",
    "needs a login session of systemd": None,
}


def readme() -> str:
    return (REPOSITORY / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def idle_site(compiled: None) -> Iterator[Site]:
    """A queue that nobody has started yet."""
    made = Site(config="cpus: 4\n")
    try:
        yield made
    finally:
        made.close()


def test_what_the_readme_says_is_so(idle_site: Site) -> None:
    bob = idle_site.ann.move()
    example = REPOSITORY / "contrib" / "examples" / "compute_pi.py"
    bob.person.owns(shutil.copy(example, bob.here))
    pages.walk("README.md", idle_site, {"alice": idle_site.admin.move(), "bob": bob})


def test_the_lock_lies_where_lock_dir_says(idle_site: Site) -> None:
    locks = idle_site.place / "locks"
    (idle_site.root / "lock").rmdir()
    queue_root.make(replace(idle_site.choices, lock_dir=str(locks)))
    idle_site.start()
    assert int((locks / "global.lock").read_text()) == idle_site.dispatcher_pid
    done = idle_site.admin.run("tinysched", "dispatcher")
    assert (done.code, "another dispatcher holds it" in done.err) == (1, True)


def test_blocks_that_are_not_typed_say_why_and_who_does_it_instead() -> None:
    for block in pages.blocks("README.md"):
        if block.who:
            continue
        why, _, instead = block.why_not.partition(";")
        assert why in WHY_NOT, f"line {block.line}: {block.why_not!r}"
        test = WHY_NOT[why]
        assert test is None or f"tests/e2e/{test}" in instead, f"line {block.line}: {instead!r}"


def test_every_promise_names_tests_that_are_there() -> None:
    named = re.findall(r"`(tests/\S+\.py)::(test_\w+)`", readme())
    assert len(named) > 10
    gone = [
        f"{path}::{name}"
        for path, name in named
        if f"def {name}(" not in (REPOSITORY / path).read_text()
    ]
    assert gone == []


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    assert pages.missing(page) == []


def test_the_wheelhouse_is_filled_with_what_is_needed() -> None:
    (line,) = re.findall(r"^pip download -d wheelhouse (.*)$", readme(), re.MULTILINE)
    assert re.findall(r"'([^']+)'", line) == versions.requirements()


def test_every_key_and_option_that_the_readme_names_exists() -> None:
    known = {
        *re.findall(r"^#(\w+):", (REPOSITORY / "conf" / "config.yaml").read_text(), re.MULTILINE),
        *re.findall(r"`--([\w-]+)", (REPOSITORY / "docs" / "options.md").read_text()),
        *re.findall(r'"--([\w-]+)"', (REPOSITORY / "installer" / "choices.py").read_text()),
        *re.findall(r'"--([\w-]+)"', (REPOSITORY / "tinysched/commands/tsdaemon.py").read_text()),
        "user",
    }
    options = set(re.findall(r"`--([a-z][\w-]*)", readme()))
    keys = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", readme())) - {"submit_dir", "pidfd_open"}
    assert options - known == set()
    assert keys - known == set()


def test_the_readme_tells_of_every_command_and_every_option_of_the_installer() -> None:
    source = (REPOSITORY / "installer" / "choices.py").read_text()
    options = re.findall(r'add\("(--[\w-]+)"', source)
    assert len(options) > 10
    named = [*options, *launchers.COMMANDS, *launchers.SLURM_NAMES, launchers.ENV]
    assert [
        name for name in named if f"`{name}" not in readme() and f"/{name}" not in readme()
    ] == []


def test_every_link_inside_the_readme_leads_to_a_heading() -> None:
    headings = re.findall(r"^#+ (.+)$", readme(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", readme())) - anchors == set()
