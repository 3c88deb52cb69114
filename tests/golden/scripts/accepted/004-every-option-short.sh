#!/bin/bash
#SBATCH -J all -A lab -a 1,2,5 -D /data
#SBATCH -c2 -e err -H -i in -N1 -n 3
#SBATCH -o out -p long -q high -Q -t90
true
