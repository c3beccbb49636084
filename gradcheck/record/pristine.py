"""Modules as they were before the script's first line: a script may replace ``np.sum``, but not what judges it."""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

MODULES = (builtins, math, operator, np, np.linalg)


class Pristine:
    """The contents of `MODULES` when it was made."""

    def __init__(self) -> None:
        self._kept = [(vars(module), dict(vars(module))) for module in MODULES]

    @contextmanager
    def restored(self) -> Iterator[None]:
        """While inside, the modules hold what they held; afterwards what the script has put there."""
        changed = [(live, self._replaced(live, kept)) for live, kept in self._kept]
        for live, kept in self._kept:
            live.update(kept)
        try:
            yield
        finally:
            for live, names in changed:
                live.update(names)

    def _replaced(self, live: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
        return {name: live[name] for name, value in kept.items() if name in live and live[name] is not value}
