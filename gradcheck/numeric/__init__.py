"""Numerical derivatives of functions of arrays, with error bounds. Nothing here knows a script."""
