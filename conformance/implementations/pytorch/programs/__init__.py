"""Self-contained framework code: `conformance.judging.reproduction` prints it as a script that reproduces a failure.

These functions know nothing of this project and read like the scripts that they become; types and `strict=` would
only be in their readers' way.
"""
