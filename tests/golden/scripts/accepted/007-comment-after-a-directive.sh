#!/bin/bash
#SBATCH --time=10   # ten minutes will do
#SBATCH -J a#b #-H
true
