"""The parts of the kind `redis`."""
