"""Values of which another value may be a multiple: the adjoints of a forward pass, looked up by one product."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

AGREES = 1e-9
LARGEST = 2_000_000


@dataclass(frozen=True, slots=True)
class Partner:
    """Forward entries whose adjoint a value is a multiple of, and the factor.

    Several entries: one for each execution. None: it is the gradient of a parameter.
    """

    entries: tuple[int, ...]
    scale: float
    transposed: bool = False


@dataclass(slots=True)
class _Row:
    entries: tuple[int, ...]
    transposed: bool
    norm: float


@dataclass(slots=True)
class _Table:
    rows: list[np.ndarray] = field(default_factory=list)
    owners: list[_Row] = field(default_factory=list)
    matrix: np.ndarray | None = None


class Multiples:
    """Known values by size, each of length one, with the forward entries that they belong to."""

    def __init__(self) -> None:
        self._tables: dict[int, _Table] = {}

    @property
    def sizes(self) -> Collection[int]:
        """The numbers of entries that known values have."""
        return self._tables.keys()

    def add(self, entries: tuple[int, ...], g: np.ndarray) -> None:
        """A value is known from now on; a matrix also as its transpose."""
        norm = float(np.linalg.norm(g))
        if g.size and norm > 0 and np.isfinite(norm) and g.size <= LARGEST:
            table = self._tables.setdefault(g.size, _Table())
            table.rows.append(g.ravel() / norm)
            table.owners.append(_Row(entries, False, norm))
            if g.ndim == 2 and 1 not in g.shape and len(entries) < 2:
                table.rows.append(g.T.ravel() / norm)
                table.owners.append(_Row(entries, True, norm))

    def of(self, value: Any) -> list[Partner]:
        """The known values that a value is a multiple of."""
        v = np.asarray(value, float).ravel()
        table = self._tables.get(v.size)
        norm = float(np.linalg.norm(v)) if v.size else 0.0
        if table is None or not norm or not np.isfinite(norm):
            return []
        if table.matrix is None or len(table.matrix) < len(table.rows):
            table.matrix = np.array(table.rows)
        v = v / norm
        products = table.matrix @ v
        near = np.flatnonzero(np.abs(products) > 1 - AGREES)
        close = [i for i in near if np.linalg.norm(v - products[i] * table.matrix[i]) < AGREES]
        owners = [(table.owners[i], float(products[i])) for i in close]
        return [Partner(o.entries, p * norm / o.norm, o.transposed) for o, p in owners]
