#!/usr/bin/env python3
#SBATCH -J snake
import sys
print(sys.argv)
