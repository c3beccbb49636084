"""Elementwise formulas that people use in backward passes: what a factor is, as a function of a known value.

A factor d *is* a form of v when d = c form(v) for one constant c, to rounding, in all entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

SAME = 1e-9
LARGEST_SAMPLE = 4096


@dataclass(frozen=True, slots=True)
class Form:
    """``text`` has v for the value; ``family`` is the activation whose derivative it is, at which side of it."""

    text: str
    function: Callable[[np.ndarray], np.ndarray]
    family: str = ""


def _sigmoid(v: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(v, -700, 700))))


def _sigmoid_slope(v: np.ndarray) -> np.ndarray:
    s = _sigmoid(v)
    return np.asarray(s * (1 - s))


SIGMOID_OF_OUTPUT = Form("v * (1 - v)", lambda v: v * (1 - v), "sigmoid")
FORMS = (
    SIGMOID_OF_OUTPUT,
    Form("sigmoid(v) * (1 - sigmoid(v))", _sigmoid_slope, "sigmoid"),
    Form("1 - v**2", lambda v: 1 - v * v, "tanh"),
    Form("1 - tanh(v)**2", lambda v: 1 - np.tanh(v) ** 2, "tanh"),
    Form("(v > 0)", lambda v: (v > 0).astype(float), "relu"),
    Form("(v >= 0)", lambda v: (v >= 0).astype(float), "relu"),
    Form("v", lambda v: v),
    Form("1 - v", lambda v: 1 - v),
    Form("1 + v", lambda v: 1 + v),
    Form("1 + v**2", lambda v: 1 + v * v),
    Form("v**2", lambda v: v * v),
    Form("v**3", lambda v: v * v * v),
    Form("exp(v)", lambda v: np.exp(np.minimum(v, 700))),
    Form("sigmoid(v)", _sigmoid, "softplus"),
    Form("tanh(v)", np.tanh),
    Form("1 - tanh(v)", lambda v: 1 - np.tanh(v)),
    Form("1 - sigmoid(v)", lambda v: 1 - _sigmoid(v)),
    Form("sqrt(v)", lambda v: np.sqrt(np.abs(v))),
    Form("1 / v", lambda v: 1 / v),
)
ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
}
SLOPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a * a,
    "relu": lambda a: (a > 0).astype(float),
}
"""Derivatives of the activations, written in their output."""


def same(u: np.ndarray, t: np.ndarray) -> bool:
    """Whether u = c t for one constant c that is not zero."""
    u, t = np.ravel(u), np.ravel(t)
    tt = float(t @ t)
    if u.size != t.size or not tt or not np.isfinite(tt) or not np.all(np.isfinite(u)):
        return False
    c = float(u @ t) / tt
    return bool(c and np.linalg.norm(u - c * t) < SAME * abs(c) * np.sqrt(tt))


def factor(u: np.ndarray, t: np.ndarray) -> float:
    """The c of u = c t, read where t is largest."""
    where = np.unravel_index(np.argmax(np.abs(t)), t.shape)
    return float(u[where] / t[where])


def constant(d: np.ndarray) -> bool:
    """Whether all entries are one number that is not zero."""
    return same(d, np.ones(d.size))


def ratio(u: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """u / p where p is not zero, and where that is; None where u is not zero although p is."""
    u, p = np.ravel(u), np.ravel(p)
    there = p != 0
    if not there.any() or np.any(u[~there]) or not np.all(np.isfinite(u)):
        return None
    return u[there] / p[there], there


def matches(d: np.ndarray, there: np.ndarray, values: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[Form, int]]:
    """Forms of which the factor d (given at the places ``there``) is one, with the key of the value."""
    pick = np.flatnonzero(there)[:LARGEST_SAMPLE]
    sample = d[:LARGEST_SAMPLE]
    with np.errstate(all="ignore"):
        for key, value in values:
            v = np.ravel(value)
            for form in FORMS:
                if same(sample, form.function(v[pick])) and same(d, form.function(v[there])):
                    yield form, key
