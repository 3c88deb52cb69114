"""Shows the queue as Slurm's own commands show it."""
