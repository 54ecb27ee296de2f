"""What people look at: the terminal, JSON, JUnit XML, HTML."""
