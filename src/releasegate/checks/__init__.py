"""One file per kind of check: its table, observe (the only I/O), judge (pure), violate (pure)."""
