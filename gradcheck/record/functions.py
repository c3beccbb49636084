"""The script's own functions: which of them returned a number that the tape knows, and with which arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .loops import Pass
from .memory import NUMBER, kind_of

if TYPE_CHECKING:
    from .recorder import Recorder

MOST_CALLS = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a user function that returned a number: entries [first, last), operand code of the result.

    ``arguments`` holds, for arrays and numbers, their operand codes; ``constants`` the others by position.
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
        stack.append((function, arguments, self.recorder.loops.current, len(self.recorder.tape)))

    def leave(self, function: int, value: Any) -> None:
        """A call returns; calls above it on the stack ended without a return statement."""
        stack = self._stack
        while stack:
            found, arguments, place, first = stack.pop()
            if found == function:
                self.recorder.loops.current = place
                if _is_scalar(value):
                    self._note(function, arguments, first, value)
                return

    def _note(self, function: int, arguments: tuple[Any, ...], first: int, value: Any) -> None:
        count = self.counts[function] = self.counts.get(function, 0) + 1
        if count > MOST_CALLS and count % 50:
            return
        memory = self.recorder.memory
        codes = {i: memory.code(a) for i, a in enumerate(arguments) if kind_of(type(a))}
        constants = {i: a for i, a in enumerate(arguments) if i not in codes}
        made = Call(function, first, len(self.recorder.tape), memory.code(value), codes, constants)
        self.calls.setdefault(function, []).append(made)


def _is_scalar(value: Any) -> bool:
    return kind_of(type(value)) == NUMBER or (isinstance(value, np.ndarray) and value.size == 1 and value.dtype.kind == "f")
