#!/bin/bash
#SBATCH --comment='it is
true
