"""How fast the oracle is beside the frameworks: the same work, in turn, on the same threads."""
