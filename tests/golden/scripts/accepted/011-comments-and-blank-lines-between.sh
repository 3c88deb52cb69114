#!/bin/bash

# What this job is for.
#SBATCH -J first

    # indented words
#SBATCH -c 2
true
