#!/bin/bash
#SBATCH --export=PATH,DATA="'a,b'",N=1
true
