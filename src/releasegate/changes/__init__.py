"""A list of changed files and the globs of a config in, whether the change is harmless out. Pure; in doubt, no."""
