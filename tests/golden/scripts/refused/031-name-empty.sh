#!/bin/bash
#SBATCH --job-name=
true
