"""Benchmarks: CPU time and ratios within one run, never limits of a clock. ``nox -s bench``."""
