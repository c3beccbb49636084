"""Benchmarks: measured figures beside other tools. Run by hand, the tests run small parts of them."""
