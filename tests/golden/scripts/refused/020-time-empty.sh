#!/bin/bash
#SBATCH --time=
true
