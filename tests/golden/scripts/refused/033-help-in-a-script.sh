#!/bin/bash
#SBATCH --help
true
