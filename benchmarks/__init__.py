"""Benchmarks: one script a figure, each against its peer in the same run."""
