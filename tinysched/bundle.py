"""The modules of a command that is called in loops, in one file.

To find twenty modules one by one takes a tenth of all the time that such a command takes. So an
installation writes them into one file, in the form that the interpreter has them in its own, and
the launcher executes the code of this module out of that file before any other of ours is loaded.
Where there is no such file, as in a checkout, modules are found as always.

Imports nothing that an interpreter has not loaded anyhow.
"""

import posix
import sys
from _frozen_importlib import ModuleSpec
from marshal import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

# Module: its file, the directory that its own modules are in ('': it is none), its code.
Table = dict[str, tuple[str, str, bytes]]

_BESIDE_OURS = ("__future__",)


class Bundle:
    """Finds modules in a table, and leaves all others to those who find them in files."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_spec(
        self, name: str, _path: "Sequence[str] | None", _target: "ModuleType | None" = None
    ) -> ModuleSpec | None:
        """What is asked of whoever finds modules."""
        if name not in self._table:
            return None
        folder = self._table[name][1]
        loader: Any = self
        spec = ModuleSpec(name, loader, is_package=bool(folder))
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(folder)
        return spec

    def create_module(self, _spec: ModuleSpec) -> "ModuleType | None":
        """What is asked of whoever loads modules: nothing special."""
        return None

    def exec_module(self, module: "ModuleType") -> None:
        """Runs a module."""
        module.__file__, _, code = self._table[module.__name__]
        exec(loads(code), module.__dict__)


def use(table: Table) -> None:
    """From now on these modules are found here."""
    sys.meta_path.insert(0, Bundle(table))


def write(path: str, command: str) -> None:
    """Write what a launcher reads: this module's code, and a table of what the command loads.

    Called in a process of its own, which has loaded nothing else of ours.
    """
    for name in ("site", "commands.console", f"commands.{command}"):
        __import__(f"tinysched.{name}")
    table: Table = {}
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] == "tinysched" or name in _BESIDE_OURS:
            spec: Any = module.__spec__
            folder = (spec.submodule_search_locations or [""])[0]
            table[name] = (spec.origin, folder, dumps(spec.loader.get_code(name)))
    _, _, own = table.pop(__name__)
    # Another installation of the same version may be in use meanwhile.
    draft = f"{path}.new"
    with open(draft, "wb") as file:
        file.write(dumps((loads(own), table)))
    posix.chmod(draft, 0o644)
    posix.rename(draft, path)
