#!/bin/bash
#SBATCH -J Prüfung-试验
true
