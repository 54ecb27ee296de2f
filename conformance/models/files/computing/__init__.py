"""What the parts of a model compute, in the oracle: recurrent layers, and what stands between them."""
