"""Calls that are not followed: libraries, functions that call back, np.vectorize."""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..tape import CONST
from .copies import COPIERS, parts
from .folds import Folds
from .memory import ARRAY, is_odd, kind_of, root_of
from .shuffles import GENERATORS, order_of

Order = Callable[[], np.ndarray]
LIBRARY_SCALARS = frozenset(("logsumexp", "softmax", "log_softmax"))
SHUFFLES = frozenset(("shuffle",))
SMALL_ENOUGH_TO_COMPARE = 1_000_000
MOST_LOOPED = 20_000
THREADING = frozenset(("threading", "concurrent", "multiprocessing", "_thread"))
COMPUTING = frozenset(
    ("copy", "random", "statistics", "math", "cmath", "operator", "itertools", "heapq", "bisect", "array")
)
QUIET_MODULES = frozenset(("matplotlib", "tqdm", "seaborn", "pandas", "pytest", "IPython")) | (
    sys.stdlib_module_names - COMPUTING
)


class Opaque(Folds):
    """Stand-ins for callees whose inside is not on the tape."""

    def library(self, site: int, callee: Any) -> Callable[..., Any]:
        """A Python function that is not rewritten."""
        module = getattr(callee, "__module__", None) or ""
        family = module.partition(".")[0] if isinstance(module, str) else "builtins"
        if family in THREADING:
            self.recorder.one_thread_only()
        if family in QUIET_MODULES or family == "builtins":
            return callee  # type: ignore[no-any-return]
        if callee.__name__ in LIBRARY_SCALARS and "scipy" in module:
            return functools.partial(self.record, site, callee)
        if module.startswith("numpy.ma") or getattr(callee, "__self__", None) is not None:
            return functools.partial(self.opaque, site, callee)
        if module.startswith("numpy") and not module.startswith("numpy.random"):
            return self.numpy(site, callee)
        return functools.partial(self.opaque, site, callee)

    def opaque(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Something that is not followed: its results are frozen, what it writes is taken as it is afterwards."""
        watched: list[tuple[Any, Any]] = []
        order = None
        try:
            order = order_of(callee, args, kwargs)
            shuffles = getattr(callee, "__name__", "") in SHUFFLES
            for array in _arrays((*args, *kwargs.values())):
                self.recorder.about_to_write(site, array) if shuffles else None
                if shuffles or array.size <= SMALL_ENOUGH_TO_COMPARE:
                    watched.append((array, array.copy()))
        except Exception as error:
            self.recorder.broke(site, error)
        try:
            out = callee(*args, **kwargs)
        finally:
            self.look_again(site, watched, order, callee)
        try:
            if callee in COPIERS and args:
                self._copied(site, args[0], out)
                return out
            if order is not None and self._permuted(site, args[0], out, order):
                return out
            if isinstance(getattr(callee, "__self__", None), GENERATORS) and isinstance(out, np.ndarray):
                self.recorder.memory.note_drawn(out)
            if (kind_of(type(out)) or isinstance(out, tuple)) and self.entries.has_tracked([list(args), kwargs]):
                self.entries.run(site, callee, self._plain((*args, *kwargs.values())), {}, out, "opaque")
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def _copied(self, site: int, old: Any, new: Any) -> None:
        """A copy of whatever holds arrays and numbers."""
        for one, other in parts(old, new):
            if self.entries.has_tracked([one]):
                self.entries.run(
                    site, np.ndarray.copy if isinstance(one, np.ndarray) else operator.pos, (one,), {}, other
                )

    def _permuted(self, site: int, array: np.ndarray, out: Any, order: Order) -> bool:
        """``np.random.permutation(array)``: a gather, where its order is found."""
        if type(out) is not np.ndarray or out.shape != array.shape or out.dtype.hasobject:
            return False
        numbers = order()
        if not _same(array[numbers], out):
            return False
        self.entries.run(site, operator.getitem, (array, numbers), {}, out)
        return True

    def look_again(
        self, site: int, watched: list[tuple[Any, Any]], order: Order | None = None, callee: Any = None
    ) -> None:
        """What was written is taken as it is now; ``order`` finds how a shuffle permuted the rows."""
        try:
            for array, copy in watched:
                if self.recorder.memory.known(array) and not _same(array, copy):
                    if order is None or not self._shuffled(site, array, copy, order):
                        self._rewritten_array(site, array, copy, callee if order is not None else None)
        except Exception as error:
            self.recorder.broke(site, error, *(a for a, _ in watched))

    def _plain(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(a for a in args if kind_of(type(a)) or (isinstance(a, list | tuple) and len(a) < 1000))

    def _shuffled(self, site: int, array: np.ndarray, before: np.ndarray, order: Order) -> bool:
        """A shuffle in place: the rows are gathered into new memory and stored back."""
        memory, tape = self.recorder.memory, self.recorder.tape
        numbers = order()
        code = memory.code(array)
        if code & 3 == CONST or array.dtype.names or not _same(before[numbers], array):
            return False
        storage = tape.storage_of(code)
        pristine = storage in memory.pristine
        memory.before_write(code)
        if pristine:
            self._restore(storage, code, before)
        gathered = before[numbers]
        self.entries.run(site, operator.getitem, (array, numbers), {}, gathered)
        self.written(site, self.entries.store(site, code, memory.code(gathered)), code, None, [])
        return True

    def _rewritten_array(self, site: int, array: np.ndarray, before: np.ndarray, callee: Any = None) -> None:
        memory = self.recorder.memory
        code = memory.code(array)
        if code & 3 == CONST:
            self.recorder.taken_as_it_is(site, root_of(array))
            return
        storage = self.recorder.tape.storage_of(code)
        if storage in memory.pristine:
            memory.before_write(code)
            self._restore(storage, code, before)
        entry = self.entries.set_constant(site, array, callee)
        self.written(site, entry, code, None, [])

    def _restore(self, storage: int, code: int, before: np.ndarray) -> None:
        """The leaf was copied after the write: its part gets the values back that it had."""
        tape = self.recorder.tape
        leaf = tape.leaves[storage]
        if code >> 2 == storage and code & 3 == 1:
            leaf[...] = before
            return
        _, offset, layout = tape.views[code >> 2]
        shape, strides, _ = tape.layouts[layout]
        size = leaf.itemsize
        if leaf.flags.c_contiguous:
            part = np.ndarray(shape, leaf.dtype, leaf, offset * size, tuple(s * size for s in strides))
            part[...] = before

    # np.vectorize

    def vectorize(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        """np.vectorize: its loop stays NumPy's own; the numbers that pass are linked to the arrays they come from."""
        plain = not (kwargs or callee.signature or callee.excluded) and bool(args)
        if not plain or not all(kind_of(type(a)) == ARRAY for a in args):
            return self.opaque(site, callee, *args, **kwargs)
        linked = self._linked(site, callee, args)
        if linked is None:
            return self.opaque(site, callee, *args, **kwargs)
        stand_in, results = linked
        out = stand_in(*args)
        try:
            if isinstance(out, np.ndarray) and out.dtype.kind == "f" and len(results) >= out.size:
                values = results[len(results) - out.size :]
                if not is_odd(type(out)) and not all(type(v) is int for v in values):
                    self._gathered(site, values, out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def _linked(self, site: int, callee: Any, args: tuple[Any, ...]) -> tuple[Any, list[Any]] | None:
        """A copy of ``callee`` whose function tells the tape what it is given, and the list of its results."""
        results: list[Any] = []
        try:
            arrays = np.broadcast_arrays(*args)
            size = arrays[0].size
            if size > MOST_LOOPED or not size or any(is_odd(type(a)) for a in args):
                return None
            function = self.tapped(site, callee.pyfunc)
            indices = _indices(arrays[0].shape, not callee.otypes and not callee.cache)

            def link(*values: Any) -> Any:
                index = next(indices, None)
                if index is not None:
                    self._link(site, arrays, index, values)
                out = function(*values)
                results.append(out)
                return out

            return np.vectorize(link, otypes=callee.otypes, doc="", cache=callee.cache), results
        except Exception as error:
            self.recorder.broke(site, error)
            return None

    def _link(self, site: int, arrays: Any, index: tuple[int, ...], values: tuple[Any, ...]) -> None:
        try:
            for array, value in zip(arrays, values, strict=True):
                if type(value) is float and id(value) not in self.recorder.memory.codes:
                    self.entries.value_of(site, float, self.recorder.memory.element_code(array, index), value)
        except Exception as error:
            self.recorder.broke(site, error)

    def _gathered(self, site: int, values: list[Any], out: np.ndarray) -> None:
        """The results become an array: nested lists of its shape, as np.array takes them."""
        nested: Any = values
        for n in reversed(out.shape[1:]):
            nested = [nested[i : i + n] for i in range(0, len(nested), n)]
        if out.ndim:
            self.entries.run(site, np.array, (nested,), {"dtype": out.dtype}, out)


def _indices(shape: tuple[int, ...], twice: bool) -> Iterator[tuple[int, ...]]:
    """The order in which np.vectorize calls its function: once more for the first entry, to learn the result's type."""
    if twice:
        yield (0,) * len(shape)
    yield from np.ndindex(shape)


def _arrays(values: tuple[Any, ...]) -> list[np.ndarray]:
    found = [v for v in values if isinstance(v, np.ndarray)]
    for value in values:
        if type(value) in (list, tuple) and len(value) < 100:
            found += [v for v in value if isinstance(v, np.ndarray)]
    return [a for a in found if not a.dtype.hasobject]


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
