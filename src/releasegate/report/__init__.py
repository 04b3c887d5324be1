"""Evidence in, text out: for a terminal, for a pull request, for CI systems. No clock, no environ, no files."""
