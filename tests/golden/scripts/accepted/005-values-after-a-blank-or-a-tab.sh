#!/bin/bash
#SBATCH --job-name spaced
#SBATCH	-c	2
#SBATCH --mem	 4G
true
