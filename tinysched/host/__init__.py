"""The machine: the only code that forks, signals, waits or looks at a clock."""
