#!/bin/bash
#SBATCH --array=1-10%a
true
