"""Whether an installation is as it should be: what `tsctl doctor` looks at, and what it says of it.

look.py gathers facts and judges nothing; all other files judge facts and look at nothing. Nothing
is ever changed.
"""
