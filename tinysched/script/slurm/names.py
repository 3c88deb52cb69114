"""Slurm's commands that make jobs, by name: what they mean is loaded when one has been typed."""

from __future__ import annotations

SBATCH = "sbatch"
SRUN = "srun"
SALLOC = "salloc"
ALLOCATIONS = (SRUN, SALLOC)
SUBMITTING = (SBATCH, *ALLOCATIONS)
