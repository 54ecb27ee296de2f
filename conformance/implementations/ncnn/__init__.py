"""ncnn, on a CPU."""
