"""Benchmarks: the marks of docs/performance.md, each beside a peer in the same run."""
