"""How functions want their parameters, and which analytic gradient belongs to which."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import UsageError
from ..numeric.target import Target, rounding_unit
from ..numeric.tree import Leaf, leaves, rebuild
from ..numeric.verdict import norm
from ..results import Finding, NotChecked
from . import problems
from .problems import Origin

Function = Callable[..., Any]


def _required(function: Function) -> list[str] | None:
    """Names of the arguments that a call must give; None when that cannot be told."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        return None
    return [p.name for p in parameters if p.kind in kinds and p.default is inspect.Parameter.empty]


def takes_arguments(function: Function) -> bool:
    """Whether `function` accepts anything positional."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.kind is not inspect.Parameter.KEYWORD_ONLY and p.kind is not p.VAR_KEYWORD for p in parameters)


def calling(function: Function, params: Any) -> Callable[[Any], Any]:
    """How `function` wants its parameters: whole, spread over arguments, as keywords, or not at all."""
    required = _required(function)
    if not takes_arguments(function):
        return lambda tree: function()
    if required is not None and len(required) > 1:
        if isinstance(params, list | tuple) and len(required) == len(params):
            return lambda tree: function(*tree)
        if isinstance(params, dict) and set(required) <= set(params):
            return lambda tree: function(**tree)
        raise UsageError(
            f"the function takes {len(required)} arguments: {', '.join(required)}; params is a {type(params).__name__}",
            "pass a function of the parameters alone, such as lambda params: loss(params, X, y)",
        )
    return lambda tree: function(tree)


class Gradients:
    """The analytic gradients by parameter: given, or computed in the user's precision and again in float64."""

    def __init__(self, grads: Any, params: Any, target: Target, found: list[Leaf]) -> None:
        self.target, self.found = target, found
        self.native: dict[tuple[Any, ...], np.ndarray] | None = None
        if callable(grads):
            call = calling(grads, params)
            self.values = self._by_path(self._call(call, [copy.copy(p.base) for p in target.places]))
            pairs = zip(found, target.places, strict=True)
            if any(np.asarray(leaf.value).dtype.itemsize < np.asarray(p.base).dtype.itemsize for leaf, p in pairs):
                self.native = self._by_path(self._call(call, [copy.copy(leaf.value) for leaf in found]))
        else:
            self.values = self._by_path(grads)
        self.keys = self._matched()
        taken = set(self.keys.values())
        self.spare = [leaf.name for leaf in leaves(self.raw, "grads") if leaf.path not in taken]

    def _call(self, call: Callable[[Any], Any], values: list[Any]) -> Any:
        self.target.around.rewind()
        try:
            with np.errstate(all="ignore"):
                result = call(rebuild(self.target.tree, values))
            return copy.deepcopy(result)
        finally:
            self.target.restore()

    def _by_path(self, tree: Any) -> dict[tuple[Any, ...], np.ndarray]:
        self.raw = tree
        return {leaf.path: np.asarray(leaf.value) for leaf in leaves(tree, "grads")}

    def _matched(self) -> dict[int, tuple[Any, ...]]:
        """Which gradient belongs to which parameter: by path, or ``dW1`` for ``W1`` when all are named so."""
        keys = {i: leaf.path for i, leaf in enumerate(self.found) if leaf.path in self.values}
        if keys or len(self.found) == 0:
            return keys
        for pattern in ("d{}", "grad_{}", "{}_grad", "d_{}"):
            named = [(i, leaf.path) for i, leaf in enumerate(self.found) if leaf.path]
            paths = {i: (*path[:-1], pattern.format(path[-1])) for i, path in named}
            if len(paths) == len(self.found) and all(path in self.values for path in paths.values()):
                return paths
        return {0: next(iter(self.values))} if len(self.found) == len(self.values) == 1 else {}

    def of(self, index: int) -> np.ndarray | None:
        """The gradient of one parameter, in float64 where it could be computed so."""
        key = self.keys.get(index)
        return None if key is None else self.values[key]

    def unit(self, index: int, value: np.ndarray) -> float:
        """Relative rounding error of the arithmetic behind it."""
        given = self.values[self.keys[index]]
        unit = rounding_unit(given) if given.dtype.kind == "f" else 2.0**-53
        own = np.asarray(self.found[index].value).dtype
        # Values that came from float32 parameters are no better for being stored in float64.
        return max(unit, float(np.finfo(own).eps) / 2) if self.native is None and own.kind == "f" else unit

    def unused(self) -> list[NotChecked]:
        """Gradients that belong to no parameter."""
        return [NotChecked(name, "no parameter has this key") for name in self.spare]

    def precision(self, origin: Origin) -> list[Finding]:
        """What the user's own precision loses against the same code in float64."""
        found = []
        for index, key in self.keys.items():
            given = (self.native or {}).get(key)
            if given is None or given.shape != self.values[key].shape or given.dtype.kind != "f":
                continue
            exact = np.asarray(self.values[key], dtype=float)
            with np.errstate(invalid="ignore", over="ignore"):
                gap = norm(np.asarray(given, dtype=float) - exact) if np.all(np.isfinite(given)) else math.inf
            if norm(exact) and gap > 0.01 * norm(exact):
                found.append(problems.precision(origin, self.found[index].name, str(given.dtype), gap / norm(exact)))
        return found
