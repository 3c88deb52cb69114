#!/bin/bash
#SBATCH --job=short --cpus=2 --out=o --err=e --part=p
true
