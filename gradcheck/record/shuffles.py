"""Permutations that random generators apply to arrays, found so that the tape can hold them as gathers.

A shuffle is repeated on row numbers by a copy of the generator, and believed only when the array, gathered by the
numbers, is what the shuffle made of it. The script's own generator is not touched.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

GENERATORS = (np.random.RandomState, np.random.Generator)
NAMES = frozenset(("shuffle", "permutation"))


def order_of(callee: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[], np.ndarray] | None:
    """What finds the new order of the rows of ``args[0]``, None where the call permutes no array.

    Must be called before ``callee`` is; the result may be called afterwards.
    """
    name, owner = getattr(callee, "__name__", ""), getattr(callee, "__self__", None)
    if name not in NAMES or kwargs or len(args) != 1 or not isinstance(args[0], np.ndarray) or not args[0].ndim:
        return None
    copy = _copied(owner)
    if copy is None:
        return None
    count = len(args[0])

    def find() -> np.ndarray:
        numbers = np.arange(count)
        copy.shuffle(numbers)
        return numbers

    return find


def _copied(generator: Any) -> Any:
    """A generator in the same state."""
    if isinstance(generator, np.random.RandomState):
        legacy = np.random.RandomState(0)
        legacy.set_state(generator.get_state())
        return legacy
    if isinstance(generator, np.random.Generator):
        bits = type(generator.bit_generator)(0)
        bits.state = generator.bit_generator.state
        return np.random.Generator(bits)
    if type(generator) is random.Random:
        python = random.Random(0)
        python.setstate(generator.getstate())
        return python
    return None
