"""Nested lists, tuples and dicts of arrays as a flat list of named leaves, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One array of a structure: its path of keys, its literal name (``params['W1'][0]``) and its value."""

    path: Key
    name: str
    value: Any


def leaves(tree: Any, name: str = "params") -> list[Leaf]:
    """Every array or number in `tree`, in order; ``None`` and empty containers give no leaf."""
    return list(_walk(tree, (), name))


def _walk(node: Any, path: Key, name: str) -> Iterator[Leaf]:
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _walk(child, (*path, key), f"{name}[{key!r}]")
    elif isinstance(node, list | tuple) and not _is_numbers(node):
        for position, child in enumerate(node):
            yield from _walk(child, (*path, position), f"{name}[{position}]")
    elif node is not None:
        yield Leaf(path, name, node)


def _is_numbers(node: Any) -> bool:
    """A plain list such as ``[0.1, 0.2]`` is one parameter, not two."""
    return bool(node) and all(isinstance(v, int | float | np.number) for v in node)


def rebuild(tree: Any, values: list[Any]) -> Any:
    """`tree` with its leaves replaced, in the order of `leaves`."""
    return _refill(tree, iter(values))


def _refill(node: Any, values: Iterator[Any]) -> Any:
    if isinstance(node, dict):
        filled = {key: _refill(child, values) for key, child in node.items()}
        return filled if type(node) is dict else _like(node, filled)
    if isinstance(node, list | tuple) and not _is_numbers(node):
        children = [_refill(child, values) for child in node]
        return _sequence_like(node, children)
    return None if node is None else _leaf_like(node, next(values))


def _like(node: Any, filled: dict[Any, Any]) -> Any:
    copy = node.copy()  # keeps OrderedDict, defaultdict and friends with their settings
    copy.update(filled)
    return copy


def _sequence_like(node: Any, children: list[Any]) -> Any:
    if hasattr(node, "_fields"):
        return type(node)(*children)
    return tuple(children) if isinstance(node, tuple) else children


def _leaf_like(node: Any, value: Any) -> Any:
    """A Python number stays one unless a complex array takes its place."""
    if type(value) is np.ndarray and value.dtype.kind == "f":
        if isinstance(node, float | int):
            return float(value)
        if isinstance(node, list | tuple):
            return type(node)(value.tolist())
    return value
