"""Where a case comes from: the option space and its coverage, numbers, masks, sizes, strategies, probing cases."""
