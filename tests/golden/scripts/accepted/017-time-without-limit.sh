#!/bin/bash
#SBATCH --time=UNLIMITED --mem=0
true
