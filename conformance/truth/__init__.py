"""Certified truth: cases evaluated in ball arithmetic, through the oracle's own equations.

Needs python-flint, which nothing else in this project does. `balls` has the arithmetic, `certificates` the float64
nearest to each exact value, `derivatives` the derivatives from their definition, `families` the cases of the corpus,
and `corpus_certification` makes and checks its files.
"""
