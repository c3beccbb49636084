"""Functions that do the same, whichever way they are written: as an operator or as NumPy's function."""

from __future__ import annotations

import operator

import numpy as np

ADDITIONS = frozenset((operator.add, np.add))
SUBTRACTIONS = frozenset((operator.sub, np.subtract))
SUMS = ADDITIONS | SUBTRACTIONS
PRODUCTS = frozenset((operator.mul, np.multiply))
QUOTIENTS = frozenset((operator.truediv, np.divide))
SCALES = PRODUCTS | QUOTIENTS
"""Products and quotients, entry by entry."""

MATRIX_PRODUCTS = frozenset((operator.matmul, np.matmul, np.dot, np.ndarray.dot))
