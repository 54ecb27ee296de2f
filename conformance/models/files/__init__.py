"""Models that people have as files: read without running them, computed in the oracle, compared with what runs them."""
