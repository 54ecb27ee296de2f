"""Training in the oracle that shows its progress and goes on where an interrupt left it."""
