#!/bin/bash
#SBATCH -x node
true
