"""Names of faults in, a reference staging that has them out: the world that the gate is shown at work on."""
