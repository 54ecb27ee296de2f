"""The code that calls MindSpore, without a line of this project."""
