"""Modules that a library imports and hardly ever uses: loaded when they are used.

`dataclasses` is why: it imports inspect, and with it a parser and a disassembler, for classes that
have no docstring. That would be a megabyte of the dispatcher and of every user's agent.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


class Later:
    """Finds some modules where they are, and has the library's own lazy loader load them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What is asked of whoever finds modules."""
        if name not in self._names:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def postpone(*names: str) -> None:
    """From now on these are loaded when they are used, unless they are loaded already."""
    sys.meta_path.insert(0, Later(names))
