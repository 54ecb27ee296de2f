"""The verdict on a case: truth and bounds, arithmetics, known divergences, and the script that reproduces it."""
