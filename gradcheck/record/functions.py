"""The script's own functions: which of them returned a number that the tape knows, and with which arguments."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .loops import Pass
from .memory import ARRAY, NUMBER, kind_of

if TYPE_CHECKING:
    from .recorder import Recorder

MOST_CALLS = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a user function that returned a number: entries [first, last), operand code of the result.

    ``arguments`` holds, for arrays and numbers, their operand codes; ``constants`` the others by position
    (objects that can be referred to weakly by a weak reference).
    """

    function: int
    first: int
    last: int
    result: int
    arguments: dict[int, int]
    constants: dict[int, Any]


class Functions:
    """Calls in progress, and those that returned a scalar."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.definitions: dict[int, Callable[..., Any]] = {}
        self.calls: dict[int, list[Call]] = {}
        self.counts: dict[int, int] = {}
        self._stack: list[tuple[int, tuple[Any, ...], Pass, int]] = []

    def define(self, function: int) -> Callable[[Any], Any]:
        """A decorator that notes the function object and returns it unchanged."""

        def note(made: Any) -> Any:
            self.definitions[function] = made
            return made

        return note

    def enter(self, function: int, arguments: tuple[Any, ...]) -> None:
        """A call begins."""
        stack = self._stack
        if len(stack) > 5000:
            del stack[:2500]
        recorder = self.recorder
        for a in arguments:
            if _WEAK.get(type(a), True):
                arguments = tuple([weakref.ref(a) if _is_weak(type(a)) else a for a in arguments])
                break
        stack.append((function, arguments, recorder.loops.current, len(recorder.tape.entry_template)))

    def forget_arguments(self) -> None:
        """Hold no arguments of the calls in progress any more."""
        self._stack = [(function, (), place, first) for function, _, place, first in self._stack]

    def leave(self, function: int, value: Any) -> None:
        """A call returns; calls above it on the stack ended without a return statement."""
        stack = self._stack
        while stack:
            found, arguments, place, first = stack.pop()
            if found == function:
                self.recorder.loops.current = place
                if value is not None and _is_scalar(value):
                    count = self.counts[function] = self.counts.get(function, 0) + 1
                    if count <= MOST_CALLS or not count % 50:
                        self._note(function, arguments, first, value)
                return

    def _note(self, function: int, arguments: tuple[Any, ...], first: int, value: Any) -> None:
        memory = self.recorder.memory
        codes = {i: memory.code(a) for i, a in enumerate(arguments) if kind_of(type(a))}
        constants = {i: a for i, a in enumerate(arguments) if i not in codes}
        made = Call(function, first, len(self.recorder.tape), memory.code(value), codes, constants)
        self.calls.setdefault(function, []).append(made)


_WEAK: dict[type, bool] = {}


def _is_weak(cls: type) -> bool:
    """Whether an argument is held weakly: an object whose end its author might see."""
    found = _WEAK.get(cls)
    if found is None:
        plain = kind_of(cls) or cls.__module__ in ("builtins", "numpy") or issubclass(cls, type)
        found = _WEAK[cls] = not plain and bool(getattr(cls, "__weakrefoffset__", 0))
    return found


def _is_scalar(value: Any) -> bool:
    kind = kind_of(type(value))
    return kind == NUMBER or (kind == ARRAY and value.size == 1 and value.dtype.kind == "f")
