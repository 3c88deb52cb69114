#!/bin/bash
#SBATCH --array=1-
true
