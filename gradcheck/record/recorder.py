"""The recorder: what each tap does. Values stay the user's own; the tape is written beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .calls import Calls
from .events import Update
from .functions import Functions
from .sources import Sources
from .subscripts import Subscripts


class Recorder(Subscripts):
    """Listens to a rewritten script. ``armed`` may be switched at any time; what happens disarmed is opaque.

    Recording never raises into the script: a failure is noted in ``broken`` and the script goes on.
    """

    def __init__(self, sources: Sources) -> None:
        super().__init__(sources)
        self.functions = Functions(self)
        self.calls = Calls(self)
        self._operators()

    # loops

    def loop(self, site: int, iterable: Iterable[Any], /) -> Iterable[Any]:
        return self.loops.iterate(site, self.each(site, iterable)) if self.armed else iterable

    def each(self, site: int, iterable: Any, /) -> Any:
        """The iterable itself, or one that records each number it takes out of an array."""
        if not self.armed:
            return iterable
        if isinstance(iterable, np.ndarray):
            if iterable.ndim == 1 and iterable.dtype.kind == "f" and type(iterable) is np.ndarray:
                return self._numbers_of(site, iterable)
        elif type(iterable) is list and iterable and type(iterable[0]) is float:
            try:
                self.entries_of_list(site, iterable)  # before the loop reads them: a slot's own object is the parameter
            except Exception as error:
                self.broke(site, error)
        elif type(iterable) is np.ndenumerate:
            return self._numbered_numbers(site, iterable)
        elif type(iterable) is np.nditer:
            return self._written_behind(site, iterable)
        elif type(iterable) is np.flatiter and iterable.base.flags.c_contiguous and not iterable.index:
            flat = iterable.base.reshape(-1)
            return self._numbers_of(site, flat) if flat.dtype.kind == "f" else iterable
        return iterable

    def _numbers_of(self, site: int, values: np.ndarray) -> Iterator[Any]:
        for i in range(len(values)):
            yield self.get(site, values, i)

    def _numbered_numbers(self, site: int, pairs: Any) -> Iterator[Any]:
        array = pairs.iter.base
        for index, value in pairs:
            try:
                code = self.memory.element_code(array, index)
                if code >= 0 and array.dtype.kind == "f":
                    self.entries.element(site, code, value)
            except Exception as error:
                self.broke(site, error)
            yield index, value

    def _written_behind(self, site: int, iterator: Any) -> Iterator[Any]:
        """np.nditer writes its operands when it pleases: they are taken as they are in the end."""
        written = []
        try:
            written = [a for a in iterator.operands if a.flags.writeable]
        except ValueError:
            pass
        for array in written:
            self.about_to_write(site, array)
        try:
            yield from iterator
        finally:
            for array in written:
                self.taken_as_it_is(site, array)

    def begin(self, site: int, /) -> None:
        if self.armed:
            try:
                self.loops.start(site)
            except Exception as error:
                self.broke(site, error)

    def again(self, site: int, test: Any, /) -> Any:
        return self.loops.again(site, test) if self.armed else test

    def leave(self, site: int, /) -> None:
        if self.armed:
            try:
                self.loops.finish(site)
            except Exception as error:
                self.broke(site, error)

    # calls and functions

    def call(self, site: int, callee: Any, /) -> Any:
        if self.armed:
            try:
                return self.calls.tapped(site, callee)
            except Exception as error:
                self.broke(site, error)
        return callee

    def define(self, function: int, /) -> Callable[[Any], Any]:
        return self.functions.define(function)

    def enter(self, function: int, arguments: tuple[Any, ...], /) -> None:
        if self.armed:
            try:
                self.functions.enter(function, arguments)
            except Exception as error:
                self.broke(-1, error)

    def return_(self, function: int, value: Any, /) -> Any:
        if self.armed:
            try:
                self.functions.leave(function, value)
            except Exception as error:
                self.broke(-1, error)
        return value

    @property
    def updates(self) -> list[Update]:
        """All updates seen so far, in order."""
        return self.locations.updates
