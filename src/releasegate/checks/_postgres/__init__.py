"""The parts of the kind `postgres`."""
