#!/bin/bash
#SBATCH --hold yes
true
