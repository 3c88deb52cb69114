#!/bin/bash

# why
#SBATCH --time=5x
true
