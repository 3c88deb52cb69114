"""sstat's command line."""

from __future__ import annotations

from collections.abc import Sequence

from tinysched.errors import VerbatimError
from tinysched.job.accounting import Statistics, Style
from tinysched.script.slurm.partnames import parts, split
from tinysched.script.slurm.sacct_options import SSTAT

NAME = "sstat"
USUAL = (
    "jobid,maxvmsize,maxvmsizenode,maxvmsizetask,avevmsize,maxrss,maxrssnode,maxrsstask,averss,"
    "maxpages,maxpagesnode,maxpagestask,avepages,mincpu,mincpunode,mincputask,avecpu,ntasks,"
    "avecpufreq,reqcpufreqmin,reqcpufreqmax,reqcpufreqgov,consumedenergy,maxdiskread,"
    "maxdiskreadnode,maxdiskreadtask,avediskread,maxdiskwrite,maxdiskwritenode,maxdiskwritetask,"
    "avediskwrite,tresusageinave,tresusageinmax,tresusageinmaxnode,tresusageinmaxtask,"
    "tresusageinmin,tresusageinminnode,tresusageinmintask,tresusageintot,tresusageoutave,"
    "tresusageoutmax,tresusageoutmaxnode,tresusageoutmaxtask,tresusageoutmin,"
    "tresusageoutminnode,tresusageoutmintask,tresusageouttot"
)
PIDS = "jobid,nodelist,pids"


def read(argv: Sequence[str]) -> Statistics:
    """What sstat was asked; ids may also stand apart. Raises: VerbatimError."""
    found, rest = split(SSTAT, argv, NAME)
    given = {option.name for option, _ in found}
    ids = [value or "" for option, value in found if option.name == "jobs"]
    columns: list[str] = []
    delimiter, ends = None, False
    for option, value in found:
        if option.name in ("format", "fields"):
            columns.append(value or "")
        elif option.name == "pidformat":
            columns.append(PIDS)
        elif option.name in ("parsable", "parsable2"):
            delimiter, ends = "|", option.name == "parsable"
    named = parts(",".join([*ids, *rest]), NAME)
    if not named and "helpformat" not in given:
        raise VerbatimError("sstat: error: You didn't give me any jobs to stat.\n")
    return Statistics(
        parts=named,
        every_step="allsteps" in given,
        fields="helpformat" in given,
        style=Style(
            columns=",".join(columns) or USUAL,
            header="noheader" not in given,
            delimiter=delimiter,
            ends=ends,
            keeps_units="noconvert" in given,
        ),
    )
