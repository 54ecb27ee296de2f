"""Commands about releases: what they compute, what moved, since when."""
