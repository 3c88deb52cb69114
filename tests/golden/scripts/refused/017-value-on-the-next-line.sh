#!/bin/bash
#SBATCH --job-name
#SBATCH name
true
