#!/bin/bash
# SBATCH -J spaced
##SBATCH -J doubled
 #SBATCH -J indented
#sbatch -J lower
true
