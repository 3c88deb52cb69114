#!/bin/bash
#SBATCH -J idle
