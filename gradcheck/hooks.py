"""Hooks on gradients, updates and activations: of recorded scripts, and of live code that calls `record` or `watch`.

    with gradcheck.hooks.on_gradient(GradientNorms()) as handle:
        train()                      # calls hooks.record("W1", dW1, batch_size=32) somewhere, or was watched

A hook that raises loses nothing: the other hooks are called, the run goes on, and the exception is kept in
``handle.errors`` (a warning tells of the first one). Importing this module imports no NumPy. Hooks are called in the
thread that records. `gradcheck.check_script` tells the hooks that are active, and those it is given, of the gradients
that it finds in a script.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    import numpy as np

__all__ = [
    "Activations", "GradientNorms", "Handle", "Hook", "HookWarning", "UpdateRatios", "on_gradient", "record",
    "record_activation", "record_update", "watch",
]  # fmt: skip

Callback = Callable[[str, Any, int | None, int], object]
PAIRS = ("d{}", "{}_grad", "grad_{}", "grad{}", "d_{}")  # attribute pairs as people write them: W and dW


class HookWarning(UserWarning):
    """A hook raised; what it raised is in the handle's ``errors``."""


@runtime_checkable
class Hook(Protocol):
    """What a hook can listen to. Subclass it and override what is wanted; the rest does nothing.

    A plain callable of (parameter, gradient, batch_size, step) will do where only gradients are wanted.
    """

    def gradient(self, parameter: str, gradient: Any, batch_size: int | None, step: int) -> None:
        """An analytic gradient (array in the parameter's shape), before anything else is done to it."""
        return None

    def update(self, parameter: str, update: Any, value: Any, step: int) -> None:
        """What is added to a parameter, and the parameter before that; two arrays of one shape."""
        return None

    def activation(self, name: str, values: Any, step: int) -> None:
        """The output of a layer, any shape."""
        return None


class _Plain(Hook):
    """A callable as a hook."""

    def __init__(self, callback: Callback) -> None:
        self.gradient = callback  # type: ignore[assignment, method-assign]


class Handle:
    """A registered hook: `remove` it, or use it as a context manager. ``errors`` is what the hook raised."""

    def __init__(self, hook: Hook | Callback) -> None:
        self.hook = hook
        self.errors: list[Exception] = []
        self._listener = as_hook(hook)

    def call(self, event: str, *details: Any) -> None:
        """Tell the hook; keep what it raises."""
        try:
            getattr(self._listener, event)(*details)
        except Exception as error:
            self.errors.append(error)
            if len(self.errors) == 1:
                # Where warnings are errors this one must not end the run that it speaks of.
                with suppress(HookWarning):
                    name = getattr(self.hook, "__name__", type(self.hook).__name__)
                    text = f"the hook {name} raised {type(error).__name__}: {error}; the run goes on"
                    warnings.warn(text, HookWarning, stacklevel=3)

    def remove(self) -> None:
        """Call the hook no more. Removing twice is no error."""
        global _active
        _active = tuple(handle for handle in _active if handle is not self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


_active: tuple[Handle, ...] = ()  # replaced, never changed: a hook may remove itself while it is called
_steps: dict[str, int] = {}


def as_hook(hook: Hook | Callback) -> Hook:
    """The hook itself, or a callable in the form of one. Raises TypeError for anything else."""
    if isinstance(hook, Hook) and not isinstance(hook, type):
        return hook
    if not callable(hook) or isinstance(hook, type):
        raise TypeError(f"a hook is an instance of gradcheck.hooks.Hook, or a function, not {hook!r}")
    return _Plain(hook)


def on_gradient(hook: Hook | Callback) -> Handle:
    """Call ``hook`` for each gradient from now on, until the handle is removed or its ``with`` block ends.

    ``hook`` is a callable of (parameter, gradient, batch_size, step), or a `Hook`, which also hears of updates and
    activations. Several may be active; they are called in the order of registration. Raises TypeError if it is neither.
    """
    global _active
    handle = Handle(hook)
    _active = (*_active, handle)
    return handle


def record(name: str, gradient: Any, *, batch_size: int | None = None, step: int | None = None) -> None:
    """Tell the hooks of one analytic gradient (array or number) of live code.

    ``step`` counts from 1; without it, the calls under this name are counted while some hook is active.
    """
    if not _active:
        return
    if step is None:
        step = _steps[name] = _steps.get(name, 0) + 1
    for handle in _active:
        handle.call("gradient", name, gradient, batch_size, step)


def active(more: Sequence[Hook | Callback] = ()) -> list[Handle]:
    """The handles that are registered, then new ones for ``more``, which are not registered. Raises TypeError."""
    return [*_active, *map(Handle, more)]


def record_update(name: str, update: Any, value: Any, *, step: int) -> None:
    """Tell the hooks what is added to a parameter, and the parameter before that (arrays of one shape)."""
    for handle in _active:
        handle.call("update", name, update, value, step)


def record_activation(name: str, values: Any, *, step: int) -> None:
    """Tell the hooks of one layer's output (any shape)."""
    for handle in _active:
        handle.call("activation", name, values, step)


class GradientNorms(Hook):
    """Euclidean norms of gradients. ``rows`` holds (parameter, norm, batch_size, step) in the order seen."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, int | None, int]] = []

    def gradient(self, parameter: str, gradient: Any, batch_size: int | None, step: int) -> None:
        """Keep the norm."""
        self.rows.append((parameter, _norm(gradient), batch_size, step))

    def of(self, parameter: str) -> list[float]:
        """The norms of one parameter in the order seen."""
        return [norm for name, norm, _, _ in self.rows if name == parameter]


class UpdateRatios(Hook):
    """Size of each update against its parameter: ``rows`` holds (parameter, |update| / |value|, step).

    About 1e-3 is usual; infinity stands for an update of a parameter that is all zero.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, int]] = []

    def update(self, parameter: str, update: Any, value: Any, step: int) -> None:
        """Keep the ratio."""
        size = _norm(value)
        moved = _norm(update)
        self.rows.append((parameter, moved / size if size else (float("inf") if moved else 0.0), step))


class Activations(Hook):
    """What becomes of a layer's output: ``rows`` holds (name, dead, saturated, low, high, step).

    ``dead`` is the share of units (last axis) that are 0 for every row, ``saturated`` the share of entries within one
    percent of the output's range from ``limits``, where given (-1 and 1 for tanh), else ``None``; ``low`` and ``high``
    are the smallest and the largest entry.
    """

    def __init__(self, limits: tuple[float, float] | None = None) -> None:
        self.limits = limits
        self.rows: list[tuple[str, float, float | None, float, float, int]] = []

    def activation(self, name: str, values: Any, step: int) -> None:
        """Keep the figures. An empty array raises ValueError."""
        import numpy as np

        a = np.asarray(values)
        units = a.reshape(-1, a.shape[-1]) if a.ndim else a.reshape(1, 1)
        dead = float(np.mean(~np.any(units, axis=0)))
        self.rows.append((name, dead, self._saturated(a), float(a.min()), float(a.max()), step))

    def _saturated(self, a: np.ndarray) -> float | None:
        import numpy as np

        if self.limits is None:
            return None
        low, high = self.limits
        margin = 0.01 * (high - low)
        return float(np.mean((a < low + margin) | (a > high - margin)))


def _norm(values: Any) -> float:
    import numpy as np

    return float(np.linalg.norm(np.ravel(values)))


class Watched:
    """An object whose ``backward`` is listened to; `remove` gives it back as it was."""

    def __init__(self, target: Any, name: str, batch_axis: int) -> None:
        self._target = target
        self._name = name
        self._axis = batch_axis
        self._step = 0
        self._backward = target.backward
        self._had = vars(target).get("backward")
        target.backward = self._call

    def remove(self) -> None:
        """Listen no more. Removing twice is no error, nor is a ``backward`` that was replaced since."""
        if vars(self._target).get("backward") != self._call:
            return
        if self._had is None:
            del self._target.backward
        else:
            self._target.backward = self._had

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def _call(self, *args: Any, **kwargs: Any) -> Any:
        result = self._backward(*args, **kwargs)
        self._step += 1
        if _active:
            size = _rows(args, self._axis)
            for key, gradient in named_gradients(self._target):
                record(f"{self._name}.{key}", gradient, batch_size=size, step=self._step)
        return result


def watch(target: Any, name: str = "", *, batch_axis: int = 0) -> Watched:
    """Record the gradients that an object holds after each call of its ``backward``, until removed.

    The gradients are its ``grads`` (a mapping, or a sequence), else its attributes in pairs such as ``W`` and ``dW``
    (also ``W_grad``, ``grad_W``) of one shape. ``name`` goes before their names (the class's name where empty). The
    batch size is the length of the first array given to ``backward`` along ``batch_axis``. Only the instance gains an
    attribute, and loses it when removed. Raises TypeError if the object has no ``backward`` or takes no attribute.
    """
    if not callable(getattr(target, "backward", None)):
        raise TypeError(f"{type(target).__name__} has no method backward")
    if not hasattr(target, "__dict__"):
        raise TypeError(f"{type(target).__name__} takes no attributes, so it cannot be watched: call hooks.record")
    return Watched(target, name or type(target).__name__, batch_axis)


def named_gradients(target: Any) -> Iterator[tuple[str, Any]]:
    """Names and gradients that an object holds; see `watch`."""
    grads = getattr(target, "grads", None)
    if isinstance(grads, Mapping):
        yield from ((str(key), value) for key, value in grads.items() if _numeric(value))
    elif isinstance(grads, Sequence) and not isinstance(grads, str):
        yield from ((f"grads[{i}]", value) for i, value in enumerate(grads) if _numeric(value))
    else:
        yield from _pairs(vars(target))


def _pairs(attributes: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in list(attributes.items()):
        for form in PAIRS:
            gradient = attributes.get(form.format(key))
            if _numeric(value) and _numeric(gradient) and getattr(gradient, "shape", ()) == getattr(value, "shape", ()):
                yield key, gradient
                break


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float) or hasattr(value, "dtype")


def _rows(args: tuple[Any, ...], axis: int) -> int | None:
    shape = next((a.shape for a in args if getattr(a, "shape", ())), ())
    return int(shape[axis]) if -len(shape) <= axis < len(shape) else None
