#!/bin/bash
#PBS -N old
true
#SBATCH -J late
