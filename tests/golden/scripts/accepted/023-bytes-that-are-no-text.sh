#!/bin/bash
#SBATCH -J café
true
