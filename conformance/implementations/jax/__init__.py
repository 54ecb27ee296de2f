"""JAX's libraries: Flax, Equinox and Haiku."""
