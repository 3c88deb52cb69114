#!/bin/bash
#SBATCH -J cut
true