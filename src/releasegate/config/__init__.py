"""YAML text in, Config out, or errors that name line, key and remedy."""
