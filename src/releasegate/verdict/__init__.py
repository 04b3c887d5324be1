"""Samples in, labels, metrics, rules and one verdict out. Pure."""
