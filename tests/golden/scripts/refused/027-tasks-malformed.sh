#!/bin/bash
#SBATCH -n abc
true
