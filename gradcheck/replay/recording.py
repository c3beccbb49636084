"""A replay over a window of entries that keeps what a reverse sweep needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..tape import CONST, SCALAR, VIEW, Tape
from .forward import Replay
from .memory import State

_READERS = frozenset(("op", "inplace", "call"))


class Recording:
    """A window of a tape, executed. ``entries`` are in ascending order.

    ``saved`` holds the operands (and result) of an entry whose storages are written again later in the window.
    """

    def __init__(self, replay: Replay, state: State, entries: list[int]) -> None:
        self.replay = replay
        self.state = state
        self.entries = entries
        self.saved: dict[int, tuple[list[Any], Any]] = {}
        self.written = last_writes(replay.tape, entries)  # storages written in place, with the last entry that does so

    def run(self) -> None:
        """Execute the window. Raises `ReplayError`."""
        begin = 0
        for position in self._at_risk():
            number = self.entries[position]
            self.replay.run(self.state, self.entries[begin:position])
            self._save(number)
            begin = position + 1
        self.replay.run(self.state, self.entries[begin:] if begin else self.entries)

    def _at_risk(self) -> list[int]:
        """Positions of the entries that read or make what a later entry writes."""
        last = self.written
        if not last:
            return []
        tape = self.replay.tape
        templates, ids, starts, operands, views = (
            tape.templates,
            tape.entry_template,
            tape.entry_start,
            tape.operands,
            tape.views,
        )
        widths = [t.inputs + t.outputs if t.kind in _READERS else 0 for t in templates]
        found = []
        for position, number in enumerate(self.entries):
            start = starts[number]
            for i in range(start, start + widths[ids[number]]):
                code = operands[i]
                tag = code & 3
                if tag != SCALAR and tag != CONST:
                    if last.get(views[code >> 2][0] if tag == VIEW else code >> 2, -1) >= number:
                        found.append(position)
                        break
        return found

    def _save(self, number: int) -> None:
        _, inputs, outputs = self.replay.tape.entry(number)
        values = [self._kept(number, code) for code in inputs]
        self.replay.run(self.state, (number,))
        results = [self._kept(number, code) if code & 3 != CONST else None for code in outputs]
        self.saved[number] = (values, results[0] if len(results) == 1 else results)

    def _kept(self, number: int, code: int) -> Any:
        """The operand's value as it is now; a copy where a write is still to come."""
        value = self.replay.load(self.state, code)
        doomed = self.written.get(self.replay.tape.storage_of(code), -1) >= number
        return value.copy() if doomed and isinstance(value, np.ndarray) else value

    def operands(self, number: int) -> tuple[list[Any], Any]:
        """Operand values and result of an entry, as they were when it ran."""
        found = self.saved.get(number)
        if found is not None:
            return found
        _, inputs, outputs = self.replay.tape.entry(number)
        values = [self.replay.load(self.state, code) for code in inputs]
        results = [self.replay.load(self.state, c) if c & 3 != CONST else None for c in outputs]
        return values, results[0] if len(results) == 1 else results


def last_writes(tape: Tape, entries: Iterable[int]) -> dict[int, int]:
    """For each storage that an entry of the window writes in place, the last such entry."""
    last: dict[int, int] = {}
    for number in entries:
        template = tape.templates[tape.entry_template[number]]
        if template.writes:
            start = tape.entry_start[number]
            for spot in template.writes:
                last[tape.storage_of(tape.operands[start + spot])] = number
    return last
