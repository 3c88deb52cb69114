#!/bin/bash
#SBATCH --output=$HOME/~/`date`/%j.out
true
