"""The code that calls MLX, without a line of this project."""
