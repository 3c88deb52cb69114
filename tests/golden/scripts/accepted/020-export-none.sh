#!/bin/bash
#SBATCH --export=NONE
true
