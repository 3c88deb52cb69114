"""The Slurm whose commands these are like; programs ask for it before they go on.

Imports nothing heavy.
"""

RELEASE = "22.05.8"
TEXT = f"slurm-wlm {RELEASE}\n"
