"""The choices that a command line makes."""

from __future__ import annotations

import argparse
from pathlib import Path

from installer import choices
from installer.choices import Choices

REPOSITORY = Path(__file__).resolve().parents[2]


def given(*arguments: str) -> argparse.Namespace:
    return choices.parser().parse_args(arguments)


def chosen(place: Path, *arguments: str) -> Choices:
    return choices.read(given(f"--bin-dir={place}/bin", f"--sched-root={place}/queue", *arguments))
