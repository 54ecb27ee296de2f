"""Readers: a file of each format becomes the same nouns (`model`), and nothing in it is run."""
