"""The code that calls JAX's libraries, without a line of this project."""
