#!/usr/bin/env bash
#SBATCH --job-name=testpi
#SBATCH --cpus-per-task=4
#SBATCH --time=00:05:00
#SBATCH --mem=2G
#SBATCH --output=pi_%j.out
#SBATCH --array=1-3
echo "Task $SLURM_ARRAY_TASK_ID running on $(hostname) with $SLURM_CPUS_PER_TASK cores"
python3 compute_pi.py --method montecarlo --seed $SLURM_ARRAY_TASK_ID
