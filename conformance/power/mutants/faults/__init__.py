"""The faults, one file for each part of a layer: a mutant is a class, its docstring the bug in a sentence."""
