#!/bin/bash
#SBATCH
#SBATCH   
#SBATCH # nothing
true
