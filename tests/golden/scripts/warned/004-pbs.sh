#!/bin/bash
#PBS -N old
#PBS -l walltime=1:00:00
#SBATCH -J new
true
