#!/bin/bash
#SBATCH word
true
