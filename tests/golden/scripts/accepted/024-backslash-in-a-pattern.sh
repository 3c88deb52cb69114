#!/bin/bash
#SBATCH -o \a%j.txt -J my\ job
true
