"""srun and salloc at the user's end: texts that need nobody, and how light srun is to start."""

from __future__ import annotations

import subprocess  # noqa: TID251 - only a fresh interpreter tells what a command loads
import sys
from pathlib import Path

import pytest

from tinysched.commands import salloc, srun
from tinysched.errors import VerbatimError
from tinysched.site import Site

CLIENTS = {"srun": srun, "salloc": salloc}
SITE = Site("/none", 0, "/none")


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("word", ["--help", "--usage", "--version", "-V"])
def test_texts_need_no_dispatcher(name: str, word: str, capfd: pytest.CaptureFixture[str]):
    assert CLIENTS[name].main(SITE, ["-v", word]) == 0
    out = capfd.readouterr().out
    assert out.startswith("slurm-wlm " if "V" in word.upper()[1:4] else f"Usage: {name} [")


def test_kinds_of_mpi(capfd: pytest.CaptureFixture[str]):
    assert srun.main(SITE, ["--mpi=list"]) == 0
    assert capfd.readouterr().out == "MPI plugin types are...\n\tnone\n"


@pytest.mark.parametrize("name", CLIENTS)
def test_mistakes_are_found_before_anybody_is_asked(name: str):
    with pytest.raises(VerbatimError) as refused:
        CLIENTS[name].main(SITE, ["--nosuch", "true"])
    assert refused.value.exit_code == 255
    assert refused.value.text.startswith(f"{name}: unrecognized option '--nosuch'\n")


def test_a_first_host_that_a_step_alone_can_name():
    with pytest.raises(VerbatimError) as refused:
        srun.main(SITE, ["-r1", "true"])
    words = "--relative option invalid for job allocation request"
    assert refused.value.text == f"srun: fatal: {words}\n"


def test_a_step_loads_nothing_heavy():
    package = str(Path(srun.__file__).parent.parent.parent)
    probe = (
        f"import sys; sys.path.append({package!r}); bare = set(sys.modules)\n"
        "import tinysched.commands.srun\n"
        "print(*sorted(set(sys.modules) - bare))"
    )
    done = subprocess.run(
        [sys.executable, "-IS", "-c", probe], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    heavy = {"dataclasses", "re", "os", "json", "typing", "socket", "subprocess", "inspect"}
    assert not loaded & heavy
    assert not {name for name in loaded if ".report" in name or ".programs" in name}
