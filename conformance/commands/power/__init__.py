"""Commands about what the suite is worth, and what it costs."""
