#!/bin/bash
#SBATCH --time=2-0
true
