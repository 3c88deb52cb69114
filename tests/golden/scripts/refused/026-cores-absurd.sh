#!/bin/bash
#SBATCH -c 1000000
true
