#!/bin/bash
#SBATCH -J first
module load python
#SBATCH -c 4
python3 run.py
