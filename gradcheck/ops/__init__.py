"""Derivatives of NumPy functions: ``vjp`` gives the cotangents of one execution's operands.

To add a function: one call in the module of its family (elementwise, linear, linalg, signal, reduction, scan, series,
moving, indexing) and one row in the table of tests/test_ops.py. `arithmetic` holds no derivatives: it names the
functions that add, multiply and divide, for those who look at a tape.
"""

from __future__ import annotations

from . import elementwise, indexing, linalg, linear, moving, reduction, scan, series, signal
from .indexing import scatter_add
from .table import NoDerivative, is_linear, is_multilinear, known, name_of, ties, vjp

__all__ = [
    "NoDerivative",
    "elementwise",
    "indexing",
    "is_linear",
    "is_multilinear",
    "known",
    "linalg",
    "linear",
    "moving",
    "name_of",
    "reduction",
    "scan",
    "scatter_add",
    "series",
    "signal",
    "ties",
    "vjp",
]
