"""Recurrences that an exporter wrote as a loop: found in its body, and told by trying, not by looks."""
