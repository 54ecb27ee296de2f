"""What the suite is worth: mutants, the study of its tolerances, benchmarks."""
