"""Reads what users write: scripts, directives, command lines. Pure; text in, values out."""
