"""Objects with forward and backward, seen as parameters and gradients whatever they call them."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from ..errors import UsageError
from ..numeric.tree import leaves, rebuild

PAIRS = (("params", "grads"), ("parameters", "gradients"), ("params", "gradients"), ("parameters", "grads"))
SPELLINGS = ("d{}", "D{}", "d_{}", "grad_{}", "{}_grad", "{}_gradient")


class Layer:
    """A layer with its input; `forward` runs it, `structures` gives parameters and gradients."""

    def __init__(self, layer: Any, x: np.ndarray) -> None:
        for method in ("forward", "backward"):
            if not callable(getattr(layer, method, None)):
                raise UsageError(f"{type(layer).__name__} has no method {method}", "check_vjp takes two functions")
        self.layer, self.x = layer, x

    def forward(self) -> Any:
        """The layer's output for its input."""
        return self.layer.forward(self.x)

    def structures(self, upstream: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Parameters and gradients for `upstream`, the input's under "x"; the arrays are the layer's own."""
        first, _ = self._backward(upstream)
        second, into_x = self._backward(upstream)
        grads = _without_sums(first, second)
        params = self._parameters()
        if into_x is not None:
            params, grads = {**params, "x": self.x}, {**grads, "x": np.array(into_x)}
        return params, grads

    def names(self, tree: dict[str, Any]) -> list[str]:
        """Literal names: ``layer.params['W']``, ``layer.W``, ``x``."""
        own = self._where()
        found = []
        for leaf in leaves(tree, ""):
            text = leaf.name
            if leaf.path[0] == "x":
                found.append("x")
            else:
                found.append(f"layer.{own}{text}" if own else f"layer.{leaf.path[0]}")
        return found

    def _where(self) -> str:
        return next((p for p, g in PAIRS if _has(self.layer, p) and _has(self.layer, g)), "")

    def _parameters(self) -> dict[str, Any]:
        name = self._where()
        if name:
            return _as_dict(_read(self.layer, name))
        return {n: v for n, v, _ in self._attributes()}

    def _backward(self, upstream: Any) -> tuple[dict[str, Any], Any]:
        self.forward()
        into_x = self.layer.backward(copy.deepcopy(upstream))
        name = self._where()
        if name:
            gradients = next(g for p, g in PAIRS if p == name and _has(self.layer, g))
            return copy.deepcopy(_as_dict(_read(self.layer, gradients))), into_x
        return {n: copy.deepcopy(g) for n, _, g in self._attributes()}, into_x

    def _attributes(self) -> list[tuple[str, Any, Any]]:
        """Attribute pairs such as W and dW."""
        found = []
        for name, value in vars(self.layer).items():
            spelled = (getattr(self.layer, spelling.format(name), None) for spelling in SPELLINGS)
            gradient = next((g for g in spelled if g is not None), None)
            if isinstance(value, np.ndarray) and isinstance(gradient, np.ndarray):
                found.append((name, value, gradient))
        return found


def _has(layer: Any, name: str) -> bool:
    return getattr(layer, name, None) is not None


def _read(layer: Any, name: str) -> Any:
    value = getattr(layer, name)
    return value() if callable(value) else value


def _as_dict(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {str(i): v for i, v in enumerate(value)}


def _without_sums(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The gradients of one backward pass: what the second added, when passes add up; else what it set."""
    one, two = leaves(first), leaves(second)
    same = all(np.array_equal(a.value, b.value) for a, b in zip(one, two, strict=True))
    if same:
        return second
    return dict(rebuild(second, [np.asarray(b.value) - np.asarray(a.value) for a, b in zip(one, two, strict=True)]))
