"""Passes of loops, and which loops are trainings.

A loop is a training loop when one location is updated at the same line in two of its passes and the second increment
depends on the first one's result, by any path (optimiser state included). Such a loop is ended early through its own
iterator or test, but lazily: a residual stream over layers or a recurrence over time looks the same while it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tape import CONST, Tape
from . import periodic

if TYPE_CHECKING:
    from .events import Locations, Update

FEWEST_PASSES = 3
ENOUGH_PASSES = 40
ENOUGH_WORK = 60_000.0  # recorded entries, large arrays counting for more
HEAVY_WORK = 1_000_000.0  # of a loop whose passes are worth counting: two steps are judged, no more
MOST_TRIES = 6
MOST_RESTARTS = 4
MOST_PAIRS = 512


class Pass:
    """One pass of one loop activation; ``parent`` is the pass it runs in."""

    __slots__ = ("activation", "entry", "number", "parent")

    def __init__(self, activation: Activation | None, number: int, parent: Pass | None, entry: int) -> None:
        self.activation = activation
        self.number = number
        self.parent = parent
        self.entry = entry

    def of(self, activation: Activation) -> Pass | None:
        """The pass of ``activation`` that this one lies in."""
        current: Pass | None = self
        while current is not None and current.activation is not activation:
            current = current.parent
        return current

    def chain(self) -> list[Pass]:
        """This pass and those around it, innermost first."""
        out, current = [], self
        while current is not None and current.activation is not None:
            out.append(current)
            current = current.parent  # type: ignore[assignment]
        return out


@dataclass(slots=True, eq=False)
class Line:
    """What is known of a loop statement over all its activations."""

    site: int
    activations: int = 0
    training: bool = False
    tries: dict[Any, int] = field(default_factory=dict)  # how often each location and line was looked at
    ended_in: Activation | None = None  # the outermost loop inside of which it was ended early


class Activation:
    """One execution of a loop statement, from its first pass to its end."""

    __slots__ = (
        "done", "entries", "first_work", "inner", "line", "marks", "number", "parent", "seen", "training",
    )  # fmt: skip

    def __init__(self, line: Line, parent: Pass, work: float) -> None:
        self.line = line
        self.parent = parent
        self.number = 0
        self.marks: list[int] = []  # length of the update list when each pass began
        self.entries: list[int] = []  # length of the tape when each pass began, and when the loop ended
        self.seen: dict[Any, Update] = {}  # the last update of each location and line, up to the pass before the last
        self.first_work = work
        self.training = False
        self.inner = False  # a loop inside it is a training loop
        self.done = False


def feeds_itself(tape: Tape, pairs: list[tuple[Update, Update]]) -> bool:
    """Whether, for some pair, the later increment depends on the earlier result: by its value, or by a decision.

    A hinge is of the second kind: the sample's margin decides whether anything is added. A value that is itself
    compared
    (``while total < limit``) is not.
    """
    masks: dict[int, int] = {}
    decided = 0
    own = {tape.storage_of(u.new): 1 << bit for bit, pair in enumerate(pairs[:MOST_PAIRS]) for u in pair}
    starts: dict[int, list[tuple[int, int]]] = {}
    for bit, (before, _) in enumerate(pairs[:MOST_PAIRS]):
        starts.setdefault(before.entry, []).append((tape.storage_of(before.new), 1 << bit))
    last = max(after.entry for _, after in pairs)
    for number in range(min(starts), last + 1):
        template, inputs, outputs = tape.entry(number)
        mask = 0
        for code in inputs:
            mask |= masks.get(tape.storage_of(code), 0)
        if mask and template.kind == "guard":
            direct = 0
            for code in inputs:
                direct |= own.get(tape.storage_of(code), 0)
            decided |= mask & ~direct
        elif mask:
            for code in outputs:
                masks[tape.storage_of(code)] = mask
            for place in template.writes:
                storage = tape.storage_of(inputs[place])
                masks[storage] = masks.get(storage, 0) | mask
        for storage, bit in starts.get(number, ()):
            masks[storage] = masks.get(storage, 0) | bit
    return any(
        masks.get(tape.storage_of(code), 0) & (1 << bit)
        for bit, (_, after) in enumerate(pairs[:MOST_PAIRS])
        for code in after.increments
    ) or any(decided >> bit & 1 and (_arithmetic(tape, after)) for bit, (_, after) in enumerate(pairs[:MOST_PAIRS]))


def _outermost_around(activation: Activation) -> Activation | None:
    """The outermost loop that one runs in."""
    chain = activation.parent.chain()
    return chain[-1].activation if chain else None


def _arithmetic(tape: Tape, update: Update) -> bool:
    """Whether something that was computed, not a literal, is added."""
    return any(tape.storage_born[tape.storage_of(c)] >= 0 for c in update.increments if c & 3 != CONST)


class Loops:
    """Counts passes, finds training loops and ends them early."""

    def __init__(
        self, tape: Tape, locations: Locations, work: Callable[[], float], ended: Callable[[Activation], None]
    ) -> None:
        self.tape = tape
        self.locations = locations
        self.work = work
        self.ended = ended
        self.current = Pass(None, 0, None, 0)
        self.lines: dict[int, Line] = {}
        self.trainings: list[Activation] = []
        self.cut_lines: set[int] = set()
        self.periodic: dict[int, list[periodic.Test]] = {}  # by loop: tests of branches entered now and then
        self.tick: Callable[[], None] | None = None  # called at each pass
        self.is_whole: Callable[[int], bool] = lambda site: False  # whether a loop must not be ended early
        self.failed: Callable[[int, Exception], None] | None = None  # told what went wrong in here
        self._open: dict[int, list[Activation]] = {}

    def start(self, site: int) -> Activation:
        """A loop statement begins."""
        line = self.lines.get(site)
        if line is None:
            line = self.lines[site] = Line(site)
        line.activations += 1
        activation = Activation(line, self.current, self.work())
        self._open.setdefault(site, []).append(activation)
        return activation

    def advance(self, activation: Activation) -> bool:
        """The next pass is about to begin; False when the loop is to end here."""
        number = activation.number = activation.number + 1
        length = len(self.tape.entry_template)
        activation.marks.append(len(self.locations.updates))
        activation.entries.append(length)
        if number > 1 and not activation.training:
            if activation.marks[-1] != activation.marks[-2]:
                self._look(activation)
        if (activation.training or self._is_heavy_again(activation)) and self._enough(activation):
            self.cut_lines.add(activation.line.site)
            activation.line.ended_in = _outermost_around(activation)
            return False
        self._begin(activation)
        return True

    def _begin(self, activation: Activation) -> None:
        self.current = Pass(activation, activation.number, activation.parent, activation.entries[-1])
        if self.tick is not None:
            self.tick()

    def finish(self, site: int) -> None:
        """The loop statement is over, however it ended."""
        activations = self._open.get(site)
        if not activations:
            return
        activation = activations.pop()
        self.current = activation.parent
        activation.done = True
        if activation.number == 0:
            return
        activation.marks.append(len(self.locations.updates))
        activation.entries.append(len(self.tape))
        if not activation.training and len(activation.marks) > 2 and activation.marks[-1] != activation.marks[-2]:
            self._look(activation)
        if activation.parent.activation is None:
            for over in self._outermost(activation):
                self.ended(over)

    def _outermost(self, activation: Activation) -> list[Activation]:
        """The training loops of an outermost loop that has ended: itself, else those inside it, a few of each line."""
        if activation.training:
            return [activation]
        inside = [a for a in self.trainings if not self._within(a)]
        inside = [a for a in inside if any(p.activation is activation for p in a.parent.chain())]
        seen: dict[int, int] = {}
        out = []
        for a in inside:
            seen[a.line.site] = seen.get(a.line.site, 0) + 1
            if seen[a.line.site] <= MOST_RESTARTS:
                out.append(a)
        return out

    def _look(self, activation: Activation) -> None:
        """Whether the pass that is over shows that the loop trains: a location is updated again, and by itself."""
        line, marks = activation.line, activation.marks
        after = {u.key: u for u in self.locations.updates[marks[-2] : marks[-1]]}
        again = {key: u for key, u in after.items() if key in activation.seen and self._in_turn(line, key)}
        pairs = [(activation.seen[key], u) for key, u in again.items()]
        activation.seen.update(after)
        if pairs and feeds_itself(self.tape, pairs):
            activation.training = line.training = True
            self.trainings.append(activation)
            for outer in activation.parent.chain():
                if outer.activation is not None:
                    outer.activation.inner = True

    def _in_turn(self, line: Line, key: Any) -> bool:
        """Whether a location is to be looked at once more: the first few times, then now and then."""
        tries = line.tries[key] = line.tries.get(key, 0) + 1
        return line.training or tries <= MOST_TRIES or (tries - MOST_TRIES) % 50 == 0

    def _enough(self, activation: Activation) -> bool:
        if activation.number <= self._fewest(activation) or self.is_whole(activation.line.site):
            return False
        if activation.line.site in self.cut_lines:
            return True
        return activation.number > ENOUGH_PASSES or self.work() - activation.first_work > ENOUGH_WORK

    def _fewest(self, activation: Activation) -> int:
        """The passes that a training loop makes at least: two show a step and the next one."""
        if self.work() - activation.first_work < HEAVY_WORK:
            return FEWEST_PASSES
        return 1 if self._is_heavy_again(activation) else 2

    def _is_heavy_again(self, activation: Activation) -> bool:
        """Whether a heavy loop was ended early in an earlier pass of a loop around it: the next epoch of a training."""
        ended_in = activation.line.ended_in
        if ended_in is None or ended_in is not _outermost_around(activation):
            return False
        return self.work() - activation.first_work >= HEAVY_WORK

    def open_trainings(self) -> list[Activation]:
        """Outermost training loops that have not ended."""
        return [a for a in self.trainings if not a.done and not self._within(a)]

    def _within(self, activation: Activation) -> bool:
        return any(p.activation is not None and p.activation.training for p in activation.parent.chain())

    def inside(self, activation: Activation) -> list[Activation]:
        """Training loops inside another one, outer ones first, one activation a line."""
        found: dict[int, Activation] = {}
        for a in self.trainings:
            if a is not activation and any(p.activation is activation for p in a.parent.chain()):
                found.setdefault(a.line.site, a)
        return sorted(found.values(), key=lambda a: len(a.parent.chain()))

    # what the taps call

    def _goes_on(self, site: int, activation: Activation) -> bool:
        try:
            return self.advance(activation)
        except Exception as error:
            return self._failed(site, error)

    def _failed(self, site: int, error: Exception) -> bool:
        if self.failed is not None:
            self.failed(site, error)
        return True

    def iterate(self, site: int, iterable: Iterable[Any]) -> Iterator[Any]:
        """The values of a for loop, as long as the loop may go on."""
        activation = self.start(site)
        for value in iterable:
            try:
                goes_on = self.advance(activation)
            except Exception as error:
                goes_on = self._failed(site, error)
            if not goes_on:
                break
            yield value
        else:
            return
        if type(iterable) is range:
            yield from self._periodic_passes(activation, iterable, sys._getframe(1))

    def _periodic_passes(self, activation: Activation, values: range, frame: FrameType) -> Iterator[int]:
        """Values of a loop that is to end, for passes that enter a branch which none has entered."""
        position = activation.number - 1
        while (tests := self.periodic.get(activation.line.site)) and position < len(values):
            ahead = periodic.next_entered(tests.pop(), values, position, frame)
            if ahead is not None:
                self._begin(activation)
                yield values[ahead]
                position = ahead + 1
                self._goes_on(activation.line.site, activation)

    def again(self, site: int, test: Any) -> Any:
        """The test of a while loop: itself, or False when the loop is to end here."""
        activations = self._open.get(site)
        if not activations:
            return test
        if type(test) is bool or isinstance(test, int | float | np.generic):
            return test if test and self._goes_on(site, activations[-1]) else (False if test else test)
        return True if test and self._goes_on(site, activations[-1]) else False  # its truth is asked for once
