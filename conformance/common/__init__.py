"""What every room uses: files that are written whole, schemas, where the fixtures are, and cells in words."""
