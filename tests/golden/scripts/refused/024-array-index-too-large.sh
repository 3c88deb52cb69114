#!/bin/bash
#SBATCH --array=0-1001
true
