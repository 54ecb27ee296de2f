"""MindSpore, on its CPU kernels."""
