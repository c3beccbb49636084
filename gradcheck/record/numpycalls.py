"""Calls of NumPy's functions and ufuncs: new results, ``out=``, creators and functions that write their argument."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tape import CONST
from .memory import _KINDS as KINDS
from .memory import ARRAY, is_odd, kind_of, root_of

if TYPE_CHECKING:
    from .recorder import Recorder

EMPTY: frozenset[Any] = frozenset((np.empty, np.empty_like))
LIKE: dict[Any, Any] = {np.zeros_like: np.zeros, np.ones_like: np.ones, np.empty_like: np.empty, np.full_like: np.full}
CREATORS: frozenset[Any] = frozenset((np.zeros, np.ones, np.empty, np.full, *LIKE))
WRITERS = frozenset((np.copyto, np.put, np.place, np.putmask, np.fill_diagonal, np.put_along_axis))
CALLING_BACK = frozenset((np.vectorize, np.apply_along_axis, np.apply_over_axes, np.piecewise, np.fromfunction))
OUT_PLACES: dict[Any, int] = {np.dot: 2, np.concatenate: 2}
SIMPLE = (list, tuple, slice)


class NumpyCalls:
    """Stand-ins for what NumPy's own functions do."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.entries = recorder.entries
        self._out_places: dict[Any, int] = dict(OUT_PLACES)
        self._ufuncs: dict[Any, Callable[..., None]] = {}  # ufunc -> what records it

    # the parts of the other modules that are used here

    def opaque(self, site: int, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def numpy(self, site: int, callee: Any) -> Callable[..., Any]:
        """What stands in place of a function of NumPy."""
        if callee in CREATORS:
            return functools.partial(self._create, site, callee)
        if callee in WRITERS:
            return functools.partial(self._write_first, site, callee)
        if callee in CALLING_BACK:
            return functools.partial(self.opaque, site, callee)
        if isinstance(callee, np.ufunc):
            if any("O" in t for t in callee.types) and len(callee.types) == 1:  # from np.frompyfunc
                return functools.partial(self.opaque, site, callee)
            return self._ufunc(site, callee)
        if callee is np.fromiter:
            return functools.partial(self._fromiter, site)
        return functools.partial(self.record, site, callee)

    def _ufunc(self, site: int, fn: Any) -> Callable[..., Any]:
        """A ufunc; one or two plain operands are the common case."""
        nin, kinds, broke = fn.nin, KINDS, self.recorder.broke
        if nin > 2 or fn.nout > 1:
            return functools.partial(self.record, site, fn)
        note = self._ufuncs.get(fn)
        if note is None:
            note = self.recorder.recording(fn) if nin == 2 else self.recorder.recording_one(fn)
            self._ufuncs[fn] = note

        def call(*args: Any, **kwargs: Any) -> Any:
            if kwargs or len(args) != nin:
                return self.record(site, fn, *args, **kwargs)
            out = fn(*args)
            try:
                kind = kinds.get(type(out), 0)
                if not kind or kind == ARRAY and (type(out) is not np.ndarray or out.dtype.hasobject):
                    self._note(site, fn, args, kwargs, out)
                elif nin == 1 and kinds.get(type(args[0]), 0):
                    note(site, args[0], out)
                elif nin == 2 and _are_plain(args, kinds):
                    note(site, *args, out, kind)
                else:
                    self._note(site, fn, args, kwargs, out)
            except Exception as error:
                broke(site, error, out)
            return out

        return call

    def record(self, site: int, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A function without side effects, but for ``out=``."""
        try:
            target, args, kwargs = self._target(fn, args, kwargs)
        except Exception as error:
            self.recorder.broke(site, error)
            return fn(*args, **kwargs)
        if target is not None:
            return self.record_out(site, fn, args, kwargs, target)
        out = fn(*args, **kwargs)
        try:
            self._note(site, fn, args, kwargs, out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def _target(
        self, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
        """Where the function writes its result, and the arguments without it."""
        target = kwargs.get("out")
        if target is not None:
            return target, args, {k: v for k, v in kwargs.items() if k != "out"}
        place = self._out_place(fn)
        if 0 <= place < len(args) and args[place] is not None:
            if isinstance(fn, np.ufunc):
                return (args[place] if len(args) == place + 1 else args[place:]), args[:place], kwargs
            names = list(inspect.signature(fn).parameters) if len(args) > place + 1 else []
            late = dict(zip(names[place + 1 :], args[place + 1 :], strict=False))
            return args[place], args[:place], {**kwargs, **late}
        return None, args, kwargs

    def _out_place(self, fn: Any) -> int:
        """The position of the parameter ``out``, -1 when there is none."""
        if isinstance(fn, np.ufunc):
            return int(fn.nin)
        found = self._out_places.get(fn)
        if found is None:
            try:
                parameters = inspect.signature(fn).parameters.values()
                found = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD].index("out")
                if any(p.kind is p.VAR_POSITIONAL for p in parameters):
                    found = -1
            except (ValueError, TypeError):
                found = -1
            self._out_places[fn] = found
        return found

    def _note(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """``out = fn(*args, **kwargs)`` goes onto the tape, if anything in it can matter."""
        if isinstance(out, np.integer | np.bool_):
            self.entries.guard(site, fn, args, kwargs, out)
            return
        kind = kind_of(type(out))
        if not kind and not _holds_numbers(out) or not self.entries.has_tracked([list(args), kwargs]):
            return
        if kind == ARRAY and out.dtype.hasobject or any(isinstance(a, types.GeneratorType) for a in args):
            return
        if is_odd(type(out)) or any(is_odd(type(a)) for a in args):
            self.entries.frozen(site, fn, args, out)
        elif any(isinstance(a, np.matrix) for a in args):
            self._note_matrix(site, fn, args, kwargs, out)
        elif not kwargs and not any(isinstance(a, SIMPLE) for a in args) and kind:
            self.entries.op(site, fn, args, out)
        else:
            self.entries.run(site, fn, args, kwargs, out)

    def _note_matrix(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        """np.matrix keeps two axes; the tape holds the same numbers as a plain array."""
        if isinstance(out, np.matrix) and kwargs.get("axis") is not None and not isinstance(fn, np.ufunc):
            kwargs = {**kwargs, "keepdims": True}
        self.entries.run(site, fn, args, kwargs, out)

    # functions that write

    def record_out(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], target: Any) -> Any:
        """``fn(*args, out=target)``."""
        given = target
        if isinstance(target, tuple) and len(target) == 1:
            target = target[0]
        recorder = self.recorder
        if not isinstance(target, np.ndarray) or is_odd(type(target)):
            targets = target if isinstance(target, tuple) else (target,)
            return self._write_unseen(site, fn, args, {**kwargs, "out": given}, targets)
        plan = None
        failure = None
        try:
            path = self._path_to(args, target)
            values = [recorder.memory.code(a) for a in args if kind_of(type(a))]
            plan = self.entries.prepared(site, fn, args, {**kwargs, "out": target}, (target,))
        except Exception as error:
            failure = error
        try:
            out = fn(*args, **kwargs, out=given)
        except BaseException:
            recorder.taken_as_it_is(site, target)
            raise
        try:
            if failure is not None:
                raise failure
            if plan is not None:
                dest = recorder.memory.code(target)
                entry = self.recorder.tape.append(*plan)
                self.entries.work += 1.0
                self.written(site, entry, dest, path, [c for c in values if c != dest])
            else:
                recorder.taken_as_it_is(site, root_of(target))
        except Exception as error:
            recorder.broke(site, error, target)
        return out

    def _write_unseen(
        self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], targets: Iterable[Any]
    ) -> Any:
        """Writes into arrays whose content is taken as it is afterwards."""
        arrays = [root_of(t) for t in targets if isinstance(t, np.ndarray)]
        for array in arrays:
            self.recorder.about_to_write(site, array)
        try:
            return fn(*args, **kwargs)
        finally:
            for array in arrays:
                self.recorder.taken_as_it_is(site, array)

    def _path_to(self, args: tuple[Any, ...], target: np.ndarray) -> list[int] | None:
        """How the old content of ``target`` enters: as an argument itself, or through a chain of entries."""
        memory, locations = self.recorder.memory, self.recorder.locations
        dest = memory.code(target)
        codes = [memory.code(a) for a in args if kind_of(type(a)) == ARRAY]
        if dest in codes:
            return [len(self.recorder.tape)]
        for code in codes:
            path = locations.chain(code, dest)
            if path:
                return path
        return None

    def written(self, site: int, entry: int, dest: int, path: list[int] | None, outside: list[int]) -> None:
        """An entry wrote ``dest``."""
        recorder = self.recorder
        if dest & 3 != CONST:
            recorder.locations.written(site, entry, dest, path, outside, recorder.loops.current)

    def _write_first(self, site: int, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """A function that writes its first argument."""
        target = args[0] if args else None
        if not isinstance(target, np.ndarray):
            return fn(*args, **kwargs)
        if is_odd(type(target)) or target.dtype.hasobject or target.dtype.names:
            return self._write_unseen(site, fn, args, kwargs, (target,))
        return self.write_array(site, fn, target, args, kwargs, functools.partial(fn, *args, **kwargs))

    def write_array(
        self, site: int, fn: Any, target: np.ndarray, args: Any, kwargs: dict[str, Any], run: Callable[[], Any]
    ) -> Any:
        """``run()`` is ``fn(*args, **kwargs)``, which writes ``target``, its first argument."""
        recorder = self.recorder
        path, plan, failure = None, None, None
        try:
            path = self._path_to(args[1:], target)
            plan = self.entries.prepared(site, fn, args, kwargs, (target,))
        except Exception as error:
            failure = error
        try:
            out = run()
        except BaseException:
            recorder.taken_as_it_is(site, root_of(target))
            raise
        try:
            if failure is not None:
                raise failure
            if plan is None:
                recorder.taken_as_it_is(site, root_of(target))
            else:
                dest = recorder.memory.code(target)
                # First: the path may be this very entry (np.copyto(a, a, where=mask)).
                entry = recorder.tape.append(*plan)
                outside = recorder.locations.off_path(path, dest) if path else []
                self.entries.work += 1.0
                self.written(site, entry, dest, path, outside)
        except Exception as error:
            recorder.broke(site, error, target)
        return out

    # new arrays

    def _create(self, site: int, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        out = fn(*args, **kwargs)
        try:
            if not out.dtype.hasobject and not out.dtype.names:
                self._created(site, fn, args, kwargs, out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out

    def _created(self, site: int, fn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: np.ndarray) -> None:
        base = LIKE.get(fn, fn)
        if base is not fn:
            fill = (args[1] if len(args) > 1 else kwargs["fill_value"],) if base is np.full else ()
            args, kwargs = (out.shape, *fill), {"dtype": out.dtype}
        self.entries.run(site, base, args, kwargs, out, "create")
        if fn in EMPTY:
            self.recorder.memory.uninitialized.add(self.recorder.memory.arrays.get(id(root_of(out)), -1))

    def _fromiter(self, site: int, /, *args: Any, **kwargs: Any) -> Any:
        seen: list[Any] = []
        if args:
            args = (passing(args[0], seen), *args[1:])
        out = np.fromiter(*args, **kwargs)
        try:
            if self.entries.has_tracked(seen) and out.dtype.kind == "f":
                self.entries.run(site, np.array, (seen[: len(out)],), {"dtype": out.dtype}, out)
        except Exception as error:
            self.recorder.broke(site, error, out)
        return out


def _are_plain(args: tuple[Any, ...], kinds: dict[type, int]) -> bool:
    """Whether one is an array or a number and the other too, or a constant."""
    first, second = type(args[0]), type(args[1])
    if kinds.get(first, 0):
        return bool(kinds.get(second, 0)) or second is int
    return first is int and bool(kinds.get(second, 0))


def _holds_numbers(out: Any) -> bool:
    return isinstance(out, list | tuple) and any(
        v.dtype.kind in "fciu" if isinstance(v, np.ndarray) else kind_of(type(v)) for v in out
    )


def passing(items: Iterable[Any], seen: list[Any]) -> Iterator[Any]:
    """The items one by one, each noted in ``seen`` as it passes."""
    for item in items:
        seen.append(item)
        yield item
