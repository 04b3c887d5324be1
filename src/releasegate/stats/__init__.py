"""Numbers in, numbers out: the exact computations behind what the gate claims."""
