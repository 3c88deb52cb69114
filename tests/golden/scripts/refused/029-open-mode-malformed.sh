#!/bin/bash
#SBATCH --open-mode=write
true
