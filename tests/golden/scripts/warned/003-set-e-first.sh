#!/bin/bash
set -e
#SBATCH --time=5x
true
