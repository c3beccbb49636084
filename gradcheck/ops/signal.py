"""scipy.signal: convolutions and correlations over several axes, which hand-written convolution layers use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .linear import solve
from .table import Array, Call, Gradient, Rule, as_float, bind, register


def _turned(a: Array) -> Array:
    return a[(slice(None, None, -1),) * a.ndim]


def _slide(full: Array, kernel: Array) -> Array:
    """Correlation of ``full`` with ``kernel`` wherever the kernel fits."""
    windows = np.lib.stride_tricks.sliding_window_view(full, kernel.shape)
    return np.asarray(np.tensordot(windows, kernel, axes=kernel.ndim))


def _into_full(g: Array, shapes: Sequence[tuple[int, ...]], mode: str, early: int) -> Array:
    """The cotangent of the full product. "same" cuts the middle of the first operand's size, "valid" the inside.

    Where the middle falls between two elements "same" starts at the earlier one, or, with ``early`` 0, the later one.
    """
    first, second = shapes
    full = np.zeros([n + m - 1 for n, m in zip(first, second, strict=True)])
    starts = {
        "full": [0] * g.ndim,
        "same": [(m - early) // 2 for m in second],
        "valid": [min(n, m) - 1 for n, m in zip(first, second, strict=True)],
    }[mode]
    full[tuple(slice(s, s + n) for s, n in zip(starts, g.shape, strict=True))] = g
    return full


def sliding(names: str, parameters: Sequence[str], correlate: bool, early: int = 1) -> None:
    """Enter a sliding product; only the zero boundary is known."""

    def adjoint(call: Call, g: Array, operands: list[Array], i: int) -> Any:
        given = bind(parameters, call)
        if given.get("boundary", "fill") != "fill" or given.get("fillvalue", 0):
            raise call.refuse("a boundary that is not zero")
        mode = str(given.get("mode", "full"))
        swapped = mode == "valid" and any(n < m for n, m in zip(operands[0].shape, operands[1].shape, strict=True))
        if correlate and swapped:
            raise call.refuse("mode valid with the kernel larger than the image")
        x, y = operands[0], _turned(operands[1]) if correlate else operands[1]
        gradient = _slide(_into_full(g, [x.shape, y.shape], mode, early), (y, x)[i])
        return _turned(gradient) if correlate and i == 1 else gradient

    def rule(call: Call) -> list[Gradient]:
        given = bind(parameters, call)
        return solve(call, adjoint, [as_float(given[name]) for name in parameters[:2]], parameters)

    register(names, Rule(rule, multilinear=True))


_KEYWORDS = ("mode", "boundary", "fillvalue")
sliding("signal.convolve2d", ("in1", "in2", *_KEYWORDS), correlate=False)
sliding("signal.correlate2d", ("in1", "in2", *_KEYWORDS), correlate=True, early=0)
sliding("signal.convolve signal.fftconvolve signal.oaconvolve", ("in1", "in2", "mode"), correlate=False)
sliding("signal.correlate", ("in1", "in2", "mode"), correlate=True)
