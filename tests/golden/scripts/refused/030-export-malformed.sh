#!/bin/bash
#SBATCH --export=ALL;TOKEN=secret
true
