"""numpy-ml, which the benchmarks time."""
