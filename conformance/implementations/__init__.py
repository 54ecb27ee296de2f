"""What is under test: a folder for each framework, and how one of its implementations is found by name (`finding`)."""
