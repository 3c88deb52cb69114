#!/bin/bash
#SBATCH -J 'a[31mb'
true
