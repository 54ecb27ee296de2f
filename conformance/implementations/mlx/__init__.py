"""MLX, on its CPU backend."""
