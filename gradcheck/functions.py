"""Gradient checks for people who have functions: a loss and its gradient, a vector-valued pair, a layer.

No tolerances: see `numeric.verdict` for what a verdict rests on.
"""

from __future__ import annotations

import copy
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .numeric.tree import leaves
from .pairs import wording
from .pairs.gradients import Function, calling, takes_arguments
from .pairs.layers import Layer
from .pairs.problems import Origin
from .pairs.run import POWER, Run, Settings
from .results import Report


class GradcheckWarning(UserWarning):
    """A gradient that `assert_gradients` could neither confirm nor refute."""


def check_gradients(
    loss: Function,
    params: Any,
    grads: Any,
    *,
    exhaustive: bool = False,
    seed: int = 0,
    power: float = POWER,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Judges whether `grads` is the gradient of `loss` at `params`.

    `loss` takes the parameters (one array, or a list, tuple, dict or nesting of arrays; a list is also spread over as
    many arguments, a dict over keywords) and returns one number. Or it takes nothing and reads the arrays of `params`,
    which are then moved in place and put back bit for bit, also after an exception. `grads` has the structure of
    `params`, or is a function that returns it.

    At most 25 loss evaluations a parameter plus 9, and rows + columns + 64 more for one that is wrong; `exhaustive`
    looks at every entry. `power` is the largest "smallest error it could have seen", relative to the gradient's norm,
    with which a gradient still counts as right. Raises UsageError for arguments that make no sense; exceptions of the
    loss itself pass through.
    """
    started = time.perf_counter()
    settings = Settings(exhaustive, seed, power, progress or _progress_bar(exhaustive))
    origin = Origin.of(grads if callable(grads) else loss, loss)
    return Run(loss, params, grads, settings, origin).report(started)


def check_vjp(forward: Function, backward: Function, params: Any, **options: Any) -> Report:
    """Judges a backward function of a forward function that returns an array (or a structure of arrays).

    `backward(upstream)` returns the gradients of ``sum(upstream * forward(params))`` in the structure of `params`. It
    is called right after ``forward(params)``, so it may use what that stored. The upstream gradient is random. Options
    are those of `check_gradients`; the runs that give the output's shape and precede `backward` come on top.
    """
    call = calling(forward, params)
    upstream = _upstream(call(params), options.get("seed", 0))

    def loss(tree: Any) -> Any:
        return _projection(call(tree), upstream)

    def grads(tree: Any) -> Any:
        call(tree)
        return backward(copy.deepcopy(upstream))

    options.setdefault("progress", None)
    settings = _settings(options)
    if not takes_arguments(forward):
        return Run(lambda: loss(params), params, lambda: grads(params), settings, Origin.of(backward, forward)).report()
    return Run(loss, params, grads, settings, Origin.of(backward, forward)).report()


def check_layer(layer: Any, x: Any, **options: Any) -> Report:
    """Judges the gradients of an object with ``forward(x)`` and ``backward(upstream)``, and the one for `x` itself.

    Parameters and their gradients are looked for as `params`/`grads` or `parameters`/`gradients` (dicts, lists, or
    methods that return them), or as attribute pairs such as `W` and `dW`. Gradients that `backward` adds up are told
    from those it sets. ``backward`` returns the gradient for `x`, or None. Options are those of `check_gradients`.
    """
    found = Layer(layer, np.asarray(x, dtype=np.result_type(np.asarray(x), np.float32)))
    upstream = _upstream(found.forward(), options.get("seed", 0))
    tree, grads = found.structures(copy.deepcopy(upstream))
    origin = Origin.of(type(layer).backward, type(layer).forward)

    def loss() -> Any:
        return _projection(found.forward(), upstream)

    return Run(loss, tree, grads, _settings(options), origin, found.names(tree)).report()


def assert_gradients(loss: Function, params: Any, grads: Any, **options: Any) -> Report:
    """`check_gradients` for a test: raises AssertionError with parameter, entries and mistake when a gradient is wrong.

    Also raises when a parameter could not be judged at all, and issues a GradcheckWarning for what stays inconclusive.
    """
    __tracebackhide__ = True
    report = check_gradients(loss, params, grads, **options)
    unjudged = [p for p in report.parameters if p.verdict == "not_judged"]
    if report.verdict == "errors" or unjudged:
        raise AssertionError(wording.explain(report))
    for parameter in report.parameters:
        if parameter.verdict == "inconclusive":
            warnings.warn(f"{parameter.name}: {parameter.reason}", GradcheckWarning, stacklevel=2)
    return report


def _settings(options: dict[str, Any]) -> Settings:
    return Settings(**options)


def _progress_bar(wanted: bool) -> Callable[[int, int], None] | None:
    """A line on the terminal that counts entries; nothing where nobody watches."""
    if not wanted or not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        if done == total or done % max(1, total // 200) == 0:
            bar = "#" * (40 * done // total)
            print(f"\r[{bar:<40}] {done:,} of {total:,} entries", end="\n" if done == total else "", file=sys.stderr)

    return show


def _upstream(output: Any, seed: int) -> Any:
    """Normal numbers in the structure of a forward function's output."""
    rng = np.random.default_rng([seed, 7])
    shapes = [np.shape(leaf.value) for leaf in leaves(output)]
    drawn = [rng.standard_normal(shape) for shape in shapes]
    return drawn[0] if isinstance(output, np.ndarray | float | np.number) else drawn


def _projection(output: Any, upstream: Any) -> Any:
    if not isinstance(upstream, list):
        return np.sum(output * upstream)
    return sum(np.sum(leaf.value * up) for leaf, up in zip(leaves(output), upstream, strict=True))
