"""Keras 3 on its TensorFlow, PyTorch and JAX backends, and Keras 2."""
