"""Measures the shape of the package and judges it: ``python -m tests.house``, run by hand."""
