"""The oracle itself as an implementation."""
