"""Answers Slurm's own commands."""
