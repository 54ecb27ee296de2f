"""PaddlePaddle, on its CPU kernels."""
