"""A user-space, Slurm-like job scheduler for one shared host."""

__version__ = "0.1.0"
