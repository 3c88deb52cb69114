#!/bin/bash
#SBATCH --time=[31m5
true
