#!/bin/bash
#SBATCH --no=1
true
