"""Which axis of an array an axis of a view, of a reshaped array or of a gather runs over, and through which rows.

A root array is told by its shape and its strides in elements; only dense ones (in C
order, or transposed) are looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

Root = tuple[tuple[int, ...], tuple[int, ...]]


def dense(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides in elements of an array in C order."""
    return tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))


def _coordinate(root: Root, axis: int, places: np.ndarray) -> np.ndarray:
    """Coordinates along one axis of the elements at these places of a dense root array."""
    shape, strides = root
    return np.asarray(places // strides[axis] % shape[axis])


def _is_dense(root: Root) -> bool:
    shape, strides = root
    expected = 1
    for stride, n in sorted((s, n) for s, n in zip(strides, shape, strict=True) if n > 1):
        if stride != expected:
            return False
        expected *= n
    return all(n > 0 for n in shape)


def _varying(shape: tuple[int, ...], strides: tuple[int, ...]) -> np.ndarray:
    """Places, against the first element, of the corners of a view: enough to see which coordinates change."""
    places = np.zeros(1, np.int64)
    for n, s in zip(shape, strides, strict=True):
        if n > 1:
            places = np.concatenate([places, places + s, places + (n - 1) * s])
    return places


def axis_of_view(root: Root, offset: int, layout: Any, axis: int) -> Any:
    """(axis of the root, row numbers) that a view's axis runs over; None where it is not one axis alone."""
    shape, strides, _ = layout
    if not _is_dense(root) or 0 in shape:
        return None
    along = offset + strides[axis] * np.arange(shape[axis])
    rest = [k for k in range(len(shape)) if k != axis]
    others = _varying(tuple(shape[k] for k in rest), tuple(strides[k] for k in rest))
    for k in sorted(range(len(root[0])), key=lambda k: -root[1][k]):
        if root[0][k] < 2:
            continue
        ids = _coordinate(root, k, along)
        if shape[axis] > 1 and np.all(ids == ids[0]):
            continue
        if shape[axis] == 1 and len(shape) > 1 and root[1][k] != strides[axis]:
            continue
        ends = np.array([along[0], along[-1]])
        spread = _coordinate(root, k, ends[:, None] + others[None, :])
        if np.all(spread == spread[:, :1]):
            return k, ids
        return None
    return None


def rows_of_view(root: Root, offset: int, layout: Any) -> Iterator[tuple[int, int]]:
    """(axis of the root, row number) for every axis along which a view stays in one row."""
    shape, strides, _ = layout
    if not _is_dense(root) or 0 in shape:
        return
    places = offset + _varying(shape, strides)
    for k, n in enumerate(root[0]):
        ids = _coordinate(root, k, places)
        if n > 1 and np.all(ids == ids[0]):
            yield k, int(ids[0])


def axis_of_gather(base: tuple[int, ...], picks: tuple[Any, ...], axis: int, shape: tuple[int, ...]) -> Any:
    """(axis of the base, row numbers) along an axis of ``base[picks]``; None where it is not one axis alone."""
    if any(p is Ellipsis for p in picks):
        return None
    used = sum(p is not None and (np.ndim(p) if _is_mask(p) else 1) for p in picks)
    rest = len(base) - used
    if axis >= len(shape) - rest and rest:
        place = axis - len(shape) + len(base)
        return place, np.arange(base[place])
    full = [p == slice(None) if isinstance(p, slice) else False for p in picks]
    for k in range(used):
        # Axes that are taken whole count as one row: only the picked ones are looked at.
        sides = [1 if j != k and len(picks) == used and full[j] else base[j] for j in range(used)]
        tags = np.broadcast_to(np.arange(base[k]).reshape([-1 if j == k else 1 for j in range(used)]), sides)
        try:
            got = np.asarray(tags[picks])
        except IndexError:
            return None
        if got.ndim != len(shape) - rest or axis >= got.ndim:
            return None
        if got.shape[axis] != shape[axis]:
            continue
        lines = np.moveaxis(got, axis, 0).reshape(got.shape[axis], -1)
        if lines.size and np.all(lines == lines[:, :1]) and (len(lines) == 1 or np.any(lines != lines[0, 0])):
            if len(lines) > 1 or not isinstance(picks[k] if k < len(picks) else None, slice):
                return k, lines[:, 0]
    return None


def _is_mask(pick: Any) -> bool:
    return isinstance(pick, np.ndarray) and pick.dtype == bool
