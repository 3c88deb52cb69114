#!/bin/bash
#SBATCH --job-name=all
#SBATCH --account=lab
#SBATCH --array=0-15:4,3%2
#SBATCH --chdir=run
#SBATCH --comment=note
#SBATCH --cpus-per-task=2
#SBATCH --error=%x_%A_%a.err
#SBATCH --export=ALL,SEED=7
#SBATCH --hold
#SBATCH --input=in.txt
#SBATCH --mail-type=END,FAIL
#SBATCH --mail-user=alice@example.org
#SBATCH --mem=512M
#SBATCH --no-requeue
#SBATCH --nodes=1
#SBATCH --ntasks=3
#SBATCH --open-mode=append
#SBATCH --output=%x_%A_%a.out
#SBATCH --parsable
#SBATCH --partition=long
#SBATCH --qos=high
#SBATCH --quiet
#SBATCH --test-only
#SBATCH --time=1-12:30:15
true
