"""Deep and shallow copies: which arrays and numbers of the copy are those of the original."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from .memory import kind_of

COPIERS = frozenset((copy.copy, copy.deepcopy))
MOST_PARTS = 10_000


def parts(old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of what holds numbers in two structures of one form, where the second is another object."""
    queue = [(old, new)]
    seen: set[int] = set()
    for one, other in queue:
        if one is other or type(one) is not type(other) or id(one) in seen or len(queue) > MOST_PARTS:
            continue
        seen.add(id(one))
        if kind_of(type(one)):
            yield one, other
        elif isinstance(one, list | tuple):
            queue += zip(one, other, strict=False)
        elif isinstance(one, dict):
            queue += ((value, other[key]) for key, value in one.items() if key in other)
        elif hasattr(one, "__dict__") and not isinstance(one, type):
            queue.append((vars(one), vars(other)))
