"""Self-contained framework code: what is printed in the scripts that reproduce a failure (`conformance.script`).

These functions know nothing of this project and read like the scripts that they become; types and `strict=` would
only be in their readers' way.
"""
