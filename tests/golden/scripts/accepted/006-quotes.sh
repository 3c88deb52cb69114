#!/bin/bash
#SBATCH --job-name="my job" --comment='it is # no comment'
#SBATCH --output="dir with blanks/%x \"%j\".out"
true
