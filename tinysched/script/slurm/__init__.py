"""Reads what users of Slurm's own commands write, and refuses in Slurm's own words."""
