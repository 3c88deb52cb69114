#!/bin/bash
#SBATCH -J a
#SBATCH --gres=gpu:1
true
