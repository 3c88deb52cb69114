"""The modules of a command that is called in loops, in one file.

To find and read twenty modules one by one takes a sixth of all the time that such a command takes.
So an installation writes them into one file, in the form that the interpreter has them in its own,
and the launcher executes the code of this module out of that file before any other of ours is
loaded. Where there is no such file, as in a checkout, modules are found as always.

Imports nothing that an interpreter has not loaded anyhow, or built in.
"""

import gc
import posix
import sys
from _frozen_importlib import ModuleSpec
from marshal import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

# Module: its file, the directory that its own modules are in ('': it is none), its code.
# Each stands behind all that it imports.
Table = dict[str, tuple[str, str, "CodeType"]]

_BESIDE_OURS = ("__future__",)


def use(table: Table) -> None:
    """Load all these modules; whoever imports one of them finds it loaded."""
    make: Any = type(sys)
    gc.disable()
    for name, (file, folder, code) in table.items():
        if name in sys.modules:
            continue  # one before it imported it from its file: another interpreter's order
        module = make(name)
        module.__file__ = file
        module.__package__ = name if folder else name.rpartition(".")[0]
        module.__spec__ = ModuleSpec(name, None, origin=file, is_package=bool(folder))
        if folder:
            module.__path__ = module.__spec__.submodule_search_locations = [folder]
        sys.modules[name] = module
        exec(code, module.__dict__)
    gc.freeze()  # none of it is ever garbage
    gc.enable()


def write(path: str, command: str) -> None:
    """Write what a launcher reads: this module's code, and a table of what the command loads.

    Called in a process of its own, which has loaded nothing else of ours.
    """
    for name in ("site", "commands.console", f"commands.{command}"):
        __import__(f"tinysched.{name}")
    table: Table = {}
    for name, module in sys.modules.items():  # in the order in which they were complete
        if name.partition(".")[0] == "tinysched" or name in _BESIDE_OURS:
            spec: Any = module.__spec__
            folder = (spec.submodule_search_locations or [""])[0]
            table[name] = (spec.origin, folder, spec.loader.get_code(name))
    _, _, own = table.pop(__name__)
    # Another installation of the same version may be in use meanwhile.
    draft = f"{path}.new"
    with open(draft, "wb") as file:
        file.write(dumps((own, table)))
    posix.chmod(draft, 0o644)
    posix.rename(draft, path)
