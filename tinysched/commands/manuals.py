"""What Slurm's commands say of themselves besides their options."""

from __future__ import annotations

from tinysched.commands.manual import Manual, listed
from tinysched.script.slurm import sbatch_options, sinfo_options, squeue_options, srun_options
from tinysched.script.slurm.refusals import EXIT_SYNTAX
from tinysched.script.slurm.sacct_options import SACCT as SACCT_OPTIONS
from tinysched.script.slurm.sacct_options import SSTAT as SSTAT_OPTIONS
from tinysched.script.slurm.sacct_options import SSTAT_USAGE
from tinysched.script.slurm.sacct_options import USAGE as SACCT_USAGE
from tinysched.script.slurm.scancel_options import SCANCEL as SCANCEL_OPTIONS
from tinysched.script.slurm.scancel_options import USAGE as SCANCEL_USAGE
from tinysched.script.slurm.scontrol_options import KEYWORDS
from tinysched.script.slurm.scontrol_options import SCONTROL as SCONTROL_OPTIONS
from tinysched.script.slurm.scontrol_options import USAGE as SCONTROL_USAGE

SBATCH = Manual(
    name="sbatch",
    usage_line="[OPTIONS(0)...] [ : [OPTIONS(N)...]] script(0) [args(0)...]",
    options=sbatch_options.SBATCH,
    usage=sbatch_options.USAGE,
    exit_code=EXIT_SYNTAX,
)
SQUEUE = Manual(
    name="squeue",
    usage_line="[OPTIONS]",
    options=squeue_options.SQUEUE,
    usage=squeue_options.USAGE,
)
SCANCEL = Manual(
    name="scancel",
    usage_line="[OPTIONS] [job_id[_array_id][.step_id]]",
    options=SCANCEL_OPTIONS,
    usage=SCANCEL_USAGE,
)
SCONTROL = Manual(
    name="scontrol",
    usage_line="[OPTIONS] [COMMAND]",
    options=SCONTROL_OPTIONS,
    usage=SCONTROL_USAGE,
    tail="\nCOMMAND is one of:\n" + listed((f"  {name}", words) for name, _, words in KEYWORDS),
)
SACCT = Manual(
    name="sacct",
    usage_line="[OPTIONS]",
    options=SACCT_OPTIONS,
    usage=SACCT_USAGE,
)
SSTAT = Manual(
    name="sstat",
    usage_line="[OPTIONS] -j <job(.stepid)>",
    options=SSTAT_OPTIONS,
    usage=SSTAT_USAGE,
)
SINFO = Manual(
    name="sinfo",
    usage_line="[OPTIONS]",
    options=sinfo_options.SINFO,
    usage=sinfo_options.USAGE,
)
SRUN = Manual(
    name="srun",
    usage_line="[OPTIONS(0)... [executable(0) [args(0)...]]]",
    options=srun_options.SRUN,
    usage=srun_options.SRUN_USAGE,
    exit_code=EXIT_SYNTAX,
)
SALLOC = Manual(
    name="salloc",
    usage_line="[OPTIONS(0)...] [ : [OPTIONS(N)...]] [command(0) [args(0)...]]",
    options=srun_options.SALLOC,
    usage=srun_options.SALLOC_USAGE,
    exit_code=EXIT_SYNTAX,
)
