"""Random numbers that are the same in every run, where the script leaves them to chance."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import bit_generator


class Seeds:
    """Seeds `random`, `np.random` and generators made without a seed; knows whether the script relied on it.

    Streams of generators that the script seeds itself are untouched.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._entropy = random.Random(seed)
        self._asked = False
        self._chosen: set[str] = set()

    def install(self) -> None:
        """Seed once, and listen to whether the script seeds."""
        random.seed(self._seed)
        np.random.seed(self._seed % 2**32)
        self._python = random.getstate()
        self._numpy = _numpy_state()
        # Every seedless generator of NumPy (default_rng, RandomState, PCG64, SeedSequence, np.random.seed()) draws
        # its entropy through this one name.
        bit_generator.randbits = self._randbits  # type: ignore[attr-defined]
        for module, names in ((random, ("seed", "setstate")), (np.random, ("seed", "set_state"))):
            for name in names:
                setattr(module, name, self._listening(module.__name__, getattr(module, name)))

    def report(self) -> str | None:
        """What to say when the script drew random numbers it had not seeded, else None."""
        relied = [
            name
            for name, moved in (
                ("random", "random" not in self._chosen and random.getstate() != self._python),
                ("np.random", "numpy.random" not in self._chosen and _numpy_state() != self._numpy),
                ("generators made without a seed", self._asked),
            )
            if moved
        ]
        return f"seed {self._seed} was set where the script sets none: {', '.join(relied)}" if relied else None

    def _randbits(self, count: int) -> int:
        self._asked = True
        return self._entropy.getrandbits(count)

    def _listening(self, module: str, seed: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(seed)
        def listening(*args: Any, **kwargs: Any) -> Any:
            self._chosen.add(module)
            return seed(*args, **kwargs)

        return listening


def _numpy_state() -> tuple[Any, ...]:
    state: Any = np.random.get_state(legacy=True)
    return (state[0], bytes(state[1]), *state[2:])
