"""srun inside a job: its tasks, their streams and ends. Started anew for each step: kept light."""
