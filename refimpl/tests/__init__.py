"""The oracle's own tests. They import it relatively, so they travel with a vendored copy under any name."""
