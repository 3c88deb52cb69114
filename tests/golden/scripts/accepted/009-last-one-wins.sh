#!/bin/bash
#SBATCH -J one -t 5
#SBATCH -J two
true
