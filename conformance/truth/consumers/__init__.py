"""Consumers of `fixtures` in other languages, written from `fixtures/README.md` alone."""
