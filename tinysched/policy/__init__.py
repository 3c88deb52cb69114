"""The decisions. Pure; values in, a plan out; time is an argument."""
