"""The words: frozen values. Pure; must not touch the machine, the disk or the clock."""
