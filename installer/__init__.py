"""What install.py does, step by step.

Standard library only, and nothing of tinysched: it runs before that exists.
"""
