"""A loss with its parameters, to be evaluated anywhere: counted, with replayed random numbers, nothing changed."""

from __future__ import annotations

import contextlib
import copy
import inspect
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import complexstep
from .difference import noise_level
from .tree import Leaf, rebuild

WATCHED_BYTES = 1 << 28


class Surroundings:
    """What a function reads besides its arguments: random generators, and arrays that it must not change."""

    def __init__(self, functions: list[Callable[..., Any]], parameters: list[np.ndarray]) -> None:
        found = dict(_reachable(functions))
        self.generators = [v for v in found.values() if isinstance(v, np.random.Generator | np.random.RandomState)]
        self._states = [_state(g) for g in self.generators]
        self._global = (random.getstate(), np.random.get_state())
        self._arrays = _watchable(found, parameters)
        self.shapes = {n: v.shape for n, v in found.items() if isinstance(v, np.ndarray)}
        self.changed: set[str] = set()

    def rewind(self) -> None:
        """Put every random generator, and every array that a call changed, back to where they were."""
        random.setstate(self._global[0])
        np.random.set_state(self._global[1])
        for generator, state in zip(self.generators, self._states, strict=True):
            _set_state(generator, state)
        for name in self.changed:
            array, first = self._arrays[name]
            array[...] = first

    def look(self) -> None:
        """Note which watched arrays differ from their first values."""
        for name, (array, first) in self._arrays.items():
            if not np.array_equal(array, first, equal_nan=array.dtype.kind in "fc"):
                self.changed.add(name)

    def drew_random_numbers(self) -> bool:
        """Whether a generator stands elsewhere than at the start."""
        moved = random.getstate() != self._global[0]
        moved |= not _same(np.random.get_state(), self._global[1])
        return moved or any(not _same(_state(g), s) for g, s in zip(self.generators, self._states, strict=True))


def _state(generator: Any) -> Any:
    is_legacy = isinstance(generator, np.random.RandomState)
    return generator.get_state() if is_legacy else generator.bit_generator.state


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.bit_generator.state = state


def _same(left: Any, right: Any) -> bool:
    return repr(left) == repr(right) if not isinstance(left, tuple) else all(map(_equal, left, right))


def _equal(left: Any, right: Any) -> bool:
    return bool(np.array_equal(left, right))


def _watchable(found: dict[str, Any], parameters: list[np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    watched, total = {}, 0
    for name, value in found.items():
        if type(value) is np.ndarray and value.dtype.kind in "fciub" and value.flags.writeable:
            total += value.nbytes
            if total < WATCHED_BYTES and not any(np.may_share_memory(value, p) for p in parameters):
                watched[name] = (value, value.copy())
    return watched


def _reachable(functions: list[Callable[..., Any]]) -> Iterator[tuple[str, Any]]:
    for function in functions:
        for name, value in _variables(function):
            yield name, value
            yield from _inside(name, value, 3)


def _inside(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Generators and arrays held by containers, objects and functions that a function reads."""
    children: Any = ()
    if depth and isinstance(value, dict) and len(value) < 1000:
        children = [(f"{name}[{k!r}]", v) for k, v in value.items()]
    elif depth and isinstance(value, list | tuple) and len(value) < 1000:
        children = [(f"{name}[{i}]", v) for i, v in enumerate(value)]
    elif depth and inspect.isfunction(value):
        children = list(_variables(value))
    elif depth and hasattr(value, "__dict__") and not inspect.ismodule(value) and not isinstance(value, type):
        children = [(f"{name}.{k}", v) for k, v in vars(value).items()]
    for child_name, child in children:
        yield child_name, child
        yield from _inside(child_name, child, depth - 1)


def _variables(function: Any) -> Iterator[tuple[str, Any]]:
    owner = getattr(function, "__self__", None)
    if owner is not None:
        yield "self", owner
    function = inspect.unwrap(getattr(function, "__func__", function))
    code = getattr(function, "__code__", None)
    if code is None:
        return
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        with contextlib.suppress(ValueError):
            yield name, cell.cell_contents
    for name in code.co_names:
        if name in function.__globals__:
            yield name, function.__globals__[name]
    yield from zip(code.co_varnames[: code.co_argcount][::-1], (function.__defaults__ or ())[::-1], strict=False)


@dataclass(slots=True)
class Place:
    """A leaf as it is perturbed: base value and, when the loss takes no arguments, the array it lives in.

    Leaves that have no derivative (integers, strings) keep whatever object they are as `base`.
    """

    leaf: Leaf
    base: Any
    home: np.ndarray | None = None

    @property
    def scale(self) -> float:
        """Typical size of an entry; displacements are relative to it."""
        with np.errstate(over="ignore"):
            size = float(np.sqrt(np.mean(np.square(self.base, dtype=float)))) if self.base.size else 0.0
        return size if math.isfinite(size) and size > 0 else 1.0


class Target:
    """Evaluates the loss at displaced parameters.

    Places without a home are handed over as fresh copies, in float64 (and complex for `slope`); places with one are
    written in place, in their own dtype, and always put back.
    """

    def __init__(self, call: Callable[[Any], Any], tree: Any, places: list[Place], around: Surroundings) -> None:
        self.call, self.tree, self.places, self.around = call, tree, places, around
        self.evaluations = 0
        self.put_back = False
        self.complex_works = all(p.home is None for p in places)
        self.why_not_complex = "" if self.complex_works else "the loss reads arrays that are changed in place"
        self.value, self.noise, self.fine_noise = math.nan, 0.0, 0.0
        self.casts, self.compares = False, False
        self.limit: float = math.inf

    @contextlib.contextmanager
    def at_most(self, evaluations: int) -> Iterator[None]:
        """Inside, one evaluation more than that raises `complexstep.Spent`."""
        outer, self.limit = self.limit, min(self.limit, self.evaluations + evaluations)
        try:
            yield
        finally:
            self.limit = outer

    def _count(self) -> None:
        if self.evaluations >= self.limit:
            raise complexstep.Spent
        self.evaluations += 1

    def _run(self, values: list[Any], place: Place | None = None, value: Any = None) -> Any:
        self._count()
        self.around.rewind()
        if self.put_back:
            self.restore()
        if place is not None and place.home is not None:
            place.home[...] = value
        return self.call(rebuild(self.tree, values))

    def _values(self, index: int | None, value: Any) -> list[Any]:
        return [value if i == index else copy.copy(p.base) for i, p in enumerate(self.places)]

    def restore(self) -> None:
        """Give every array that lives outside its base value back, bit for bit."""
        for place in self.places:
            if place.home is not None:
                place.home[...] = place.base

    def real(self, index: int | None = None, value: np.ndarray | None = None) -> float:
        """The loss with one leaf replaced; NaN when it raises there."""
        place = self.places[index] if index is not None else None
        with np.errstate(all="ignore"):
            try:
                return scalar(self._run(self._values(index, value), place, value))
            except (ArithmeticError, ValueError, AssertionError):
                return math.nan
            finally:
                if place is not None and place.home is not None:
                    place.home[...] = place.base

    def first_look(self) -> tuple[float, list[str], bool]:
        """Evaluate twice at the base: the loss, names of parameters it changed, and whether both values agree.

        Sets `value`. Exceptions of the loss pass through.
        """
        values = self._values(None, None)
        with np.errstate(all="ignore"):
            self.value = scalar(self._run(values))
            changed = [p.leaf.name for p, v in zip(self.places, values, strict=True) if self._differs(p, v)]
            self.put_back = bool(changed)
            self.around.look()
            again = scalar(self._run(self._values(None, None)))
        return again, changed, _close(self.value, again)

    def _differs(self, place: Place, passed: Any) -> bool:
        now = place.home if place.home is not None else passed
        return isinstance(now, np.ndarray) and not np.array_equal(now, place.base, equal_nan=now.dtype.kind in "fc")

    def measure_noise(self, rng: np.random.Generator, points: int = 8) -> None:
        """Set `noise` from values at a few points next to each other, `fine_noise` from points much closer together.

        The wide spacing climbs the stairs that a cast to float32 anywhere inside makes of the loss; the close one tells
        the noise of a loss that oscillates. `points` - 1 evaluations.
        """
        movable = [i for i, p in enumerate(self.places) if isinstance(p.base, np.ndarray) and p.base.dtype.kind == "f"]
        unit = max((float(np.finfo(self.places[i].base.dtype).eps) for i in movable), default=2.0**-52)
        if _single(np.array([self.value])):
            unit = max(unit, 2.0**-23)
        directions = {i: rng.standard_normal(self.places[i].base.shape) for i in movable}
        wide = 64 * unit if unit > 2.0**-30 else 2.0**-22
        near = 3 if wide == 2.0**-22 else 0
        self.noise = self._noise([wide * k for k in range(1, points - near)], directions, unit)
        self.fine_noise = (
            self._noise([2.0**-44 * k for k in range(1, near + 1)], directions, unit) if near else self.noise
        )

    def _noise(self, shifts: list[float], directions: dict[int, np.ndarray], unit: float) -> float:
        values = [self.value, *(self._nearby(directions, shift) for shift in shifts)]
        return noise_level(np.array([v for v in values if math.isfinite(v)]), unit)

    def _nearby(self, directions: dict[int, np.ndarray], shift: float) -> float:
        values = self._values(None, None)
        bases = {i: (self.places[i].base, d) for i, d in directions.items()}
        moved = {i: np.asarray(base * (1 + shift * d), base.dtype) for i, (base, d) in bases.items()}
        try:
            for i, value in moved.items():
                home = self.places[i].home
                if home is None:
                    values[i] = value
                else:
                    home[...] = value
            with np.errstate(all="ignore"):
                self._count()
                self.around.rewind()
                return scalar(self.call(rebuild(self.tree, values)))
        except (ArithmeticError, ValueError, AssertionError):
            return math.nan
        finally:
            self.restore()

    def slope(
        self,
        index: int,
        direction: np.ndarray,
        rounding: tuple[float, np.random.Generator] | None = None,
        ties: complexstep.Ties | None = None,
    ) -> float:
        """Derivative along `direction` in leaf `index` by the complex step. Raises `complexstep.Unsupported`."""
        if not self.complex_works:
            raise complexstep.Unsupported(self.why_not_complex)
        values = [complexstep.still(v) if _is_real(v) else v for v in self._values(None, None)]
        values[index] = complexstep.step(self.places[index].base, direction)
        try:
            found, slope = complexstep.evaluate(lambda: self._run(values), rounding, ties)
            if rounding is None:
                self._compare(found)
        except complexstep.Unsupported as error:
            if rounding is None and ties is None:
                self.complex_works, self.why_not_complex = False, str(error)
            raise
        return slope

    def _compare(self, found: float) -> None:
        """The complex loss must have the real one's value; where it is only near, the code casts to float32."""
        gap = abs(found - self.value)
        if gap > 1e-9 * abs(self.value) + 100 * self.noise:
            raise complexstep.Unsupported("the loss takes another value in complex numbers")
        single = self.noise > 1e-10 * abs(self.value)
        self.casts |= gap > 1e-12 * abs(self.value) + (0.0 if single else 100 * self.noise)


def _close(first: float, second: float) -> bool:
    """Equal up to the rounding that a threaded sum may change."""
    return first == second or abs(first - second) <= 1e-12 * abs(first) or (first != first and second != second)


def _is_real(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _single(values: np.ndarray) -> bool:
    """Whether float64 values look as if float32 had made them: no bit beyond its 24, yet more than a few."""
    with np.errstate(over="ignore", invalid="ignore"):
        coarse = bool(np.all(values == values.astype(np.float32)))
        return coarse and not np.all(values == np.round(values * 2.0**12) * 2.0**-12) and bool(np.any(values))


def rounding_unit(values: np.ndarray) -> float:
    """Relative rounding error of the arithmetic that made these numbers, by dtype and by the bits in use."""
    if values.dtype.kind == "f" and values.dtype.itemsize < 8:
        return float(np.finfo(values.dtype).eps) / 2
    return 2.0**-24 if values.size >= 8 and _single(np.asarray(values, dtype=float)) else 2.0**-53


def scalar(result: Any) -> float:
    """The loss as a float; arrays of one entry count. Raises TypeError for anything else."""
    if isinstance(result, tuple | list):
        raise TypeError(f"the loss returned a {type(result).__name__} of {len(result)}; it must return one number")
    array = np.asarray(result)
    if array.size != 1:
        raise TypeError(f"the loss returned an array of shape {array.shape}; it must return one number")
    if array.dtype.kind == "c":
        raise TypeError("the loss returned a complex number")
    return float(array.reshape(()).item())
