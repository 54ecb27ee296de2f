"""Processes, devices, the machine, profiles of time, and records of runs."""
