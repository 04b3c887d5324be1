"""Evidence about a run, and evidence about that evidence."""
