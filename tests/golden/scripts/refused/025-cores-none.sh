#!/bin/bash
#SBATCH -c 0
true
