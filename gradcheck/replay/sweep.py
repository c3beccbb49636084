"""What a reverse sweep finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .memory import Buffers


@dataclass(slots=True)
class Sweep:
    """Result of a reverse sweep. ``captured`` holds the adjoints of barrier writes, with their bounds."""

    adjoints: Buffers
    bounds: Buffers
    captured: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    blocked: dict[int, str] = field(default_factory=dict)  # entry -> why its inputs got no adjoint
    ties: list[int] = field(default_factory=list)
    visits: dict[int, np.ndarray] = field(default_factory=dict)  # entry -> adjoint of its result, where asked for
    shares: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)  # (reader, operand code) -> what came back

    def add_share(self, reader: int, code: int, g: Any, shape: tuple[int, ...]) -> None:
        """Note what came back from a reader of an operand; one that reads it twice gives the sum."""
        share = np.reshape(g, shape) if np.size(g) == np.prod(shape) else np.broadcast_to(g, shape)
        known = self.shares.get((reader, code))
        self.shares[reader, code] = np.array(share) if known is None else known + share
