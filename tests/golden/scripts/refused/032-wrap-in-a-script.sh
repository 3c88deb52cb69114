#!/bin/bash
#SBATCH --wrap=true
true
