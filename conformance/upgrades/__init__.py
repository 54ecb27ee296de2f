"""Releases of frameworks: their environments, what they compute, what moved, and since when."""
