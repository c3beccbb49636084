"""Where the first infinite or undefined number of a run comes from, if one reaches the loss or a parameter.

What the run left behind tells whether there is any; only then the recorded steps are replayed, in the script's own
precision, and the number is followed back to the operation that made it of finite ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..replay.forward import Replay, ReplayError
from ..replay.memory import State
from ..step.flow import backward_slice
from ..tape import CONST, VIEW, Tape
from .stepview import StepView

MOST_ENTRIES = 1_500_000


@dataclass(frozen=True, slots=True)
class Origin:
    """The operation that made the first number which is not finite.

    ``operands`` and ``result`` are its values, ``reaches`` names the parameters that hold such numbers in the end (the
    loss alone, if empty), ``loss`` the loss's number if that is one, ``step`` counts from 0.
    """

    entry: int
    operands: list[Any]
    result: Any
    reaches: list[str]
    loss: float | None
    step: int


def origin(view: StepView) -> Origin | None:
    """The origin of the first such number; None where loss and parameters stay finite, or it cannot be found.

    What is computed from memory that nobody wrote may be anything: that is told already.
    """
    if view.unwritten:
        return None
    reached = [c for c in view.made.parameters if not _finite(view.last.get(_storage(view, c)))]
    scalar = _loss_scalar(view)
    targets = {_storage(view, c) for c in reached} | ({scalar} if scalar >= 0 else set())
    if not targets:
        return None
    lasts = [view.tape.storage_born[scalar]] if scalar >= 0 else []
    end = max([*lasts, *(c.rounds[-1][-1].entry for c in reached)]) + 1
    trace = _Trace(view.tape, targets, end)
    first = trace.first()
    if first < 0:
        return None
    operands, result = trace.values[first]
    loss = float(view.numbers[scalar]) if scalar >= 0 else None
    return Origin(first, operands, result, view.names(reached), loss, max(view.made.window.pass_of(first) - 1, 0))


def _storage(view: StepView, candidate: Any) -> int:
    return view.tape.storage_of(candidate.rounds[-1][-1].new)


def _finite(value: Any) -> bool:
    return value is None or bool(np.all(np.isfinite(value)))


def _loss_scalar(view: StepView) -> int:
    """The storage of the first loss that is not finite, in whatever recorded step; -1 where there is none."""
    tape, numbers = view.tape, view.numbers
    trial = view.trial()
    if trial is not None:
        codes = list(trial.hypothesis.codes) if trial.head is None and not trial.hypothesis.tail else []
        wanted = {tape.storage_of(c) for c in codes}
    else:
        wanted = set(view.made.wanted)
    born = {tape.storage_born[s] for s in wanted}
    places = {tape.entry_template[e] for e in born if 0 <= e < len(tape)}
    for storage, value in enumerate(numbers):
        if value is not None and type(value) is not int and value - value != 0:
            entry = tape.storage_born[storage]
            if entry >= view.made.window.begin and tape.entry_template[entry] in places:
                return storage
    return -1


class _Trace:
    """A replay of what targets depend on that watches for numbers which are not finite.

    ``values`` holds operands and result of the operations that made such numbers of finite ones.
    """

    def __init__(self, tape: Tape, targets: set[int], end: int) -> None:
        self.tape = tape
        self.targets = targets
        self.entries = backward_slice(tape, targets, end)
        self.values: dict[int, tuple[list[Any], Any]] = {}
        self._sources: dict[int, list[int]] = {}  # entry -> the entries that made its operands which are not finite
        self._makers: dict[int, int] = {}  # storage -> the entry that last made it not finite
        self._ends = _last_uses(tape, self.entries)
        self._views: dict[int, list[int]] = {}

    def first(self) -> int:
        """The earliest operation that such a number in a target goes back to; -1 if it cannot be told."""
        if len(self.entries) > MOST_ENTRIES:
            return -1
        replay = Replay(self.tape, False)
        replay.watch = self._seen
        self._replay = replay
        try:
            replay.run(replay.start(), self.entries)
        except ReplayError:
            return -1
        queue = [self._makers[s] for s in self.targets if s in self._makers]
        seen = set(queue)
        for entry in queue:
            for source in self._sources.get(entry, ()):
                if source not in seen:
                    seen.add(source)
                    queue.append(source)
        return min((e for e in seen if e in self.values), default=-1)

    def _seen(self, number: int, state: State) -> None:
        template, inputs, outputs = self.tape.entry(number)
        made = self.tape.results(number)
        bad = [c for c in made if not self._is_finite(state, c)]
        if bad:
            self._note(number, template, list(inputs), bad, state)
        for code in made:
            if code not in bad and code & 3 != VIEW:
                self._makers.pop(self.tape.storage_of(code), None)
        self._drop(number, state, [*inputs, *outputs])

    def _note(self, number: int, template: Any, inputs: list[int], bad: list[int], state: State) -> None:
        sources = []
        for place, code in enumerate(inputs):
            maker = self._makers.get(self.tape.storage_of(code)) if code & 3 != CONST else None
            if maker is not None and (place in template.writes or not self._is_finite(state, code)):
                sources.append(maker)
        self._sources[number] = sources
        leaves = [c for c in inputs if c & 3 != CONST and self._is_bad_leaf(state, c)]
        if not sources and not leaves:
            values = [_copied(self._replay.load(state, c)) for c in inputs]
            self.values[number] = (values, _copied(self._replay.load(state, bad[0])))
        for code in bad:
            self._makers[self.tape.storage_of(code)] = number

    def _is_bad_leaf(self, state: State, code: int) -> bool:
        storage = self.tape.storage_of(code)
        return storage in self.tape.leaves and storage not in self._makers and not self._is_finite(state, code)

    def _is_finite(self, state: State, code: int) -> bool:
        value = self._replay.load(state, code)
        if type(value) is float or isinstance(value, np.floating):
            return math.isfinite(value)
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
            return bool(np.isfinite(value).all())
        return True

    def _drop(self, number: int, state: State, codes: list[int]) -> None:
        """Memory that is not read again is given back."""
        for code in codes:
            if code & 3 == VIEW:
                self._views.setdefault(self.tape.storage_of(code), []).append(code >> 2)
        for storage in self._ends.get(number, ()):
            if storage not in self.targets:
                state.table[storage] = None
                state.flats.pop(storage, None)
                for index in self._views.pop(storage, ()):
                    state.cache.pop(index, None)


def _last_uses(tape: Tape, entries: list[int]) -> dict[int, list[int]]:
    """For each entry the array storages that nothing reads after it."""
    last: dict[int, int] = {}
    for number in entries:
        for storage in _arrays(tape, number):
            last[storage] = number
    out: dict[int, list[int]] = {}
    for storage, number in last.items():
        out.setdefault(number, []).append(storage)
    return out


def _arrays(tape: Tape, number: int) -> Iterator[int]:
    _, inputs, outputs = tape.entry(number)
    for code in (*inputs, *outputs):
        storage = tape.storage_of(code)
        if storage >= 0 and tape.storage_layout[storage] >= 0:
            yield storage


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value
