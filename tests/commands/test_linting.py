"""tsctl lint at its user's end: lines, levels, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.answering import Answering, a_site
from tinysched.commands import linting
from tinysched.errors import ScriptError

ORDER = "never starts\ttime\tPartitionTimeLimit: too long\nrefused\t\tout of luck\n"


def lint(place: Path, script: str, out: str = "", as_json: bool = False) -> tuple[str, str, int]:
    path = place / "job.sh"
    path.write_text(script)
    with Answering(place, lambda _message: ([("exit", b"0")], out.encode())):
        return linting.run(a_site(place), str(path), as_json=as_json)


def test_each_finding_has_its_line(tmp_path: Path):
    script = "#!/bin/sh\n#SBATCH -t 99 --qos=x\ntrue\n#SBATCH -n 2\n"
    job = tmp_path / "job.sh"
    assert lint(tmp_path, script, ORDER) == (
        f"{job}: refused: out of luck\n"
        f"{job}:2: kept: --qos=x: has no effect here\n"
        "    here: kept and shown; any is taken\n"
        f"{job}:2: never starts: PartitionTimeLimit: too long\n"
        f"{job}:4: ignored: #SBATCH below the first command, which is in line 3\n"
        "    here: ignored as well; tsbatch says so\n",
        "",
        1,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [("#SBATCH -J x", 0), ("#SBATCH --qos=x", 0), ("# SBATCH", 0), ("#SBATCH --foo", 1)],
)
def test_it_fails_for_what_slurm_would_refuse(tmp_path: Path, line: str, code: int):
    assert lint(tmp_path, f"#!/bin/sh\n{line}\ntrue\n")[2] == code


def test_a_good_script_is_told_so(tmp_path: Path):
    out, err, _ = lint(tmp_path, "#!/bin/sh\ntrue\n")
    assert out.endswith("job.sh: nothing that a Slurm would refuse, ignore or do otherwise\n")
    assert err == ""


def test_programs_read_json(tmp_path: Path):
    out, _, code = lint(tmp_path, "#!/bin/sh\n#SBATCH --foo\n", as_json=True)
    answer = json.loads(out)
    assert answer["script"] == str(tmp_path / "job.sh")
    (finding,) = answer["findings"]
    assert (finding["line"], finding["level"], code) == (2, "refused", 1)


def test_without_a_dispatcher_the_script_is_read_all_the_same(tmp_path: Path):
    path = tmp_path / "job.sh"
    path.write_text("#!/bin/sh\n#SBATCH --qos=x\ntrue\n")
    out, err, code = linting.run(a_site(tmp_path), str(path), as_json=False)
    assert (out.count("\n"), code) == (2, 0)
    assert err.startswith("tsctl: warning: sizes and names were not compared with the queue: ")


def test_a_script_that_cannot_be_read_is_no_finding(tmp_path: Path):
    with pytest.raises(ScriptError, match="cannot open script"):
        linting.run(a_site(tmp_path), str(tmp_path / "none.sh"), as_json=False)
