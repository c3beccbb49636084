"""The recorder of a run that follows the training for N steps: a few points report, everything else is plain code.

What to read is the plan that the judged run made (see diagnose/following.py). Figures are computed where they pass, so
that nothing the script does to an array afterwards matters. Complete steps are streamed, many at a time.
"""

from __future__ import annotations

import base64
import builtins
import io
import math
import os
import time
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ..results import Outcome
from .figures import Layer, dead_share, live_units, norm, saturated_share
from .points import BEFORE, WRITES
from .taps import NeutralTaps

Emit = Callable[[dict[str, Any]], None]
SECONDS = 0.2  # between two events
INTERRUPTED = ("time_limit", "interrupted")  # the step that was running is not complete
KINDS = 4  # readings of a parameter: updates, value, gradient, rate
MOST_WAYS = 256  # kinds of steps, told apart by how often each place ran, that are remembered
NOTHING = math.nan
_open = io.open  # bound before the script runs: its own calls are sent elsewhere
_NO = object()

Reading = dict[str, Any]
Slots = list[tuple[int, float]]  # position in the log, factor


@dataclass(slots=True)
class Way:
    """One kind of step: the order in which the points were met in it, and where in the log each figure lies.

    ``plain`` are figures that lie there as they are: (place in the row, position, factor). ``slots`` are by reading, in
    the plan's order, None where the step has none. ``summed`` are parameters with several updates, ``divided`` those
    whose gradient is the update times a factor, by a rate at a position in the log.
    """

    plain: list[tuple[int, int, float]]
    slots: list[Slots | None]
    summed: list[int]
    divided: list[tuple[int, float, int | None]]


class FollowingRecorder(NeutralTaps):
    """Serves the points of a plan, counts steps, streams their figures, and leaves after the last one wanted.

    ``config`` holds the ``plan`` and the ``count`` of steps; ``arrays`` is a folder for what hooks are to hear.
    """

    stop: Callable[[], NoReturn]

    def __init__(self, config: dict[str, Any], emit: Emit, arrays: str | None = None) -> None:
        self.plan = config["plan"]
        self.count = int(config["count"])
        self.emit = emit
        self.arrays = arrays
        self.done = 0
        self.points = self.plan["points"]
        self.shapes = [tuple(row["shape"]) for row in self.plan["parameters"]]
        self.met: list[int] = []  # points in the order of this step
        self.log: list[Any] = []  # what each of them told
        self.copies: dict[int, Any] = {}  # position in the log -> the array itself
        self.last: dict[int, Any] = {}  # point -> the value before a new one is made
        self._kept = {k for k, point in enumerate(self.points) if point["keep"] or arrays}
        self._readings = list(_readings(self.plan))
        self._updates = {u["step"]["point"] for row in self.plan["parameters"] for u in row["updates"]}
        self._ways: dict[tuple[int, ...], Way | None] = {}
        self._rows = array("d")
        self._sent = 0.0
        self._process = os.getpid()
        self._ended = False

    # what the runner calls

    def start(self) -> None:
        """Put the points into the builtins."""
        self._sent = time.perf_counter()
        names = vars(builtins)
        layers = {r["point"]: row for row in self.plan["layers"] for r in row["readings"]}
        before = {u["step"]["point"]: u["old"]["point"] for row in self.plan["parameters"] for u in row["updates"]}
        for number, point in enumerate(self.points):
            if point["role"] == "pass":
                names[f"@{number}"] = self._pass
            elif point["role"] in WRITES:
                names[f"@{number}{BEFORE}"], names[f"@{number}"] = self._write(number, before[number])
            elif number in layers:
                row = layers[number]
                layer = Layer(row["units"], row["low"], row["high"])
                names[f"@{number}"] = self._activation(number, layer, len(row["readings"]) > 1)
            elif point["role"] == "result":
                names[f"@{number}"] = self._difference(number, before[number])
            elif point["role"] == "operand":
                names[f"@{number}"] = self._operand(number)

    def finish(self, outcome: Outcome) -> None:
        """Send what is left; a step that something cut short is not told."""
        if not self._ended:
            if outcome.kind not in INTERRUPTED:
                self._step()
            self._ended = True
            self._send()

    def forget(self) -> None:
        """In a fork of the script: do nothing more."""
        self._ended = True

    # points

    def _operand(self, number: int) -> Callable[..., Any]:
        """Takes the norm of a value."""
        met, log, keep = self.met.append, self.log.append, number in self._kept
        held = number in {old for _, old in self._differences()}

        def plain(value: Any, through: Any = _NO) -> Any:
            try:
                log(norm(value))
                met(number)
            except Exception:
                self._missed(number)
            return value if through is _NO else through

        def point(value: Any, through: Any = _NO) -> Any:
            try:
                log(norm(value))
                met(number)
                if keep:
                    self.copies[len(self.log) - 1] = np.array(value)
                if held:
                    self.last[number] = value
            except Exception:
                self._missed(number)
            return value if through is _NO else through

        return point if keep or held else plain

    def _differences(self) -> list[tuple[int, int]]:
        """The points of new values, and those of what they are made from."""
        found = [(u["step"]["point"], u["old"]["point"]) for row in self.plan["parameters"] for u in row["updates"]]
        return [(new, old) for new, old in found if self.points[new]["role"] == "result"]

    def _difference(self, number: int, old: int) -> Callable[[Any], Any]:
        """A new value: takes the norm of what was added to the old one, which passed another point before."""

        def point(value: Any) -> Any:
            try:
                self._moved(number, value, self.last[old])
            except Exception:
                self._missed(number)
            return value

        return point

    def _write(self, number: int, old: int) -> tuple[Callable[[Any], None], Callable[[Any], None]]:
        """What goes before and after a statement that writes into an array."""

        def before(value: Any) -> None:
            try:
                self.last[old] = kept = np.array(value)
                self.log.append(norm(value))
                self.met.append(old)
                if old in self._kept:
                    self.copies[len(self.log) - 1] = kept
            except Exception:
                self._missed(old)

        def after(value: Any) -> None:
            try:
                self._moved(number, value, self.last[old])
            except Exception:
                self._missed(number)

        return before, after

    def _moved(self, number: int, new: Any, old: Any) -> None:
        """Note the norm of what was added."""
        with np.errstate(all="ignore"):
            step = np.subtract(new, old)
        self.log.append(norm(step))
        self.met.append(number)
        if number in self._kept:
            self.copies[len(self.log) - 1] = step

    def _activation(self, number: int, layer: Layer, several: bool) -> Callable[[Any], Any]:
        """The output of a layer: which units are dead (their share, where that is all), and the saturated share."""
        met, log, keep = self.met.append, self.log.append, number in self._kept

        def point(value: Any) -> Any:
            try:
                live = live_units(value, layer.units)
                log((live if several else dead_share(live), saturated_share(value, layer)))
                met(number)
                if keep:
                    self.copies[len(self.log) - 1] = np.array(value)
            except Exception:
                self._missed(number)
            return value

        return point

    def _missed(self, number: int) -> None:
        """A point was met and nothing could be told."""
        del self.log[len(self.met) :]
        self.log.append(NOTHING)
        self.met.append(number)

    # steps

    def _pass(self) -> None:
        """A pass of the loop begins: the one before it was a step if anything was updated in it."""
        if self._ended or os.getpid() != self._process:
            return
        self._step()
        if self.done >= self.count:
            self.stop()

    def _step(self) -> None:
        """What was met since the last pass began is over: a step, if anything was updated."""
        key = tuple(self.met)
        if key not in self._ways and len(self._ways) >= MOST_WAYS:
            self._ways.clear()
        way = self._ways[key] if key in self._ways else self._ways.setdefault(key, self._way(key))
        if way is not None:
            self.done += 1
            self._rows.extend(self._row(way))
            if self.arrays:
                self._tell_arrays(way)
            if time.perf_counter() - self._sent >= SECONDS:
                self._send()
        self.met.clear()
        self.log.clear()
        self.copies.clear()

    def _way(self, met: tuple[int, ...]) -> Way | None:
        """Where the figures of a step lie; None if nothing was updated. What comes after the last update is no part."""
        last = max((place for place, point in enumerate(met) if point in self._updates | self._olds()), default=-1)
        places: dict[int, list[int]] = {}
        for place, point in enumerate(met[: last + 1]):
            places.setdefault(point, []).append(place)
        if not self._updates & set(places):
            return None
        slots = [_slots(readings, places) for readings in self._readings]
        plain = []
        for number, row in enumerate(self.plan["parameters"]):
            step, value, gradient, _ = slots[KINDS * number : KINDS * (number + 1)]
            read = "point" in (row["gradient"] or ())
            for column, one in ((1, step), (2, value), *([(0, gradient)] if read else [])):
                if one is not None and len(one) == 1:
                    plain.append((3 * number + column, one[0][0], abs(one[0][1])))
        return Way(plain, slots, *self._made_up(slots))

    def _made_up(self, slots: list[Slots | None]) -> tuple[list[int], list[tuple[int, float, int | None]]]:
        """The parameters whose figures do not lie in the log as they are."""
        summed, divided = [], []
        for number, row in enumerate(self.plan["parameters"]):
            steps, _, _, rate = slots[KINDS * number : KINDS * (number + 1)]
            over = row["gradient"] or {}
            if steps is not None and len(steps) > 1:
                summed.append(number)
            if "rate" in over and (over["rate"] is None or rate is not None):
                divided.append((number, over["factor"], rate[0][0] if rate is not None else None))
        return summed, divided

    def _olds(self) -> set[int]:
        return {u["old"]["point"] for row in self.plan["parameters"] for u in row["updates"]}

    def _row(self, way: Way) -> list[float]:
        """Norm of gradient, update and value of each parameter, then dead and saturated share of each layer."""
        count, log = len(self.shapes), self.log
        row = [NOTHING] * (3 * count + 2 * len(self.plan["layers"]))
        for column, place, factor in way.plain:
            row[column] = factor * log[place]
        for number in way.summed:
            row[3 * number + 1] = norm(self._sum(way.slots[KINDS * number] or [], self.shapes[number]))
        for number, factor, rate in way.divided:
            divisor = 1.0 if rate is None else log[rate]
            row[3 * number] = row[3 * number + 1] * abs(factor) / divisor if divisor else NOTHING
        for number, layer in enumerate(way.slots[KINDS * count :]):
            row[3 * count + 2 * number : 3 * count + 2 * number + 2] = self._shares(layer)
        return row

    def _sum(self, slots: Slots, shape: tuple[int, ...]) -> Any:
        """The arrays of some executions with the signs of their factors, in a parameter's shape."""
        with np.errstate(all="ignore"):
            return sum(math.copysign(1.0, factor) * _shaped(self.copies[place], shape) for place, factor in slots)

    def _shares(self, slots: Slots | None) -> tuple[float, float]:
        if slots is not None and len(slots) == 1 and type(only := self.log[slots[0][0]]) is tuple:
            return only[0], NOTHING if only[1] is None else only[1]
        told = [self.log[place] for place, _ in slots or ()]
        if len(told) < 2 or not all(isinstance(one, tuple) for one in told):
            return NOTHING, NOTHING
        dead = dead_share(np.logical_or.reduce([one[0] for one in told]))
        known = [one[1] for one in told if one[1] is not None]
        return dead, sum(known) / len(known) if known else NOTHING

    # out

    def _send(self) -> None:
        self._sent = time.perf_counter()
        if self._rows:
            figures = base64.b64encode(self._rows.tobytes()).decode("ascii")
            self._rows = array("d")
            self.emit({"event": "steps", "done": self.done, "count": self.count, "figures": figures})

    def _tell_arrays(self, way: Way) -> None:
        """Leave the step's arrays in a file for the hooks: update, value and gradient by parameter, then layers."""
        self._send()
        parts: list[list[Any]] = []
        file = os.path.join(str(self.arrays), f"{self.done}.npy")
        with _open(file, "wb") as stream:
            for kind, number, value in self._arrays(way.slots):
                np.lib.format.write_array(stream, np.asarray(value), allow_pickle=False)
                parts.append([kind, number])
        self.emit({"event": "step_arrays", "step": self.done, "file": file, "parts": parts})

    def _arrays(self, slots: list[Slots | None]) -> Iterator[tuple[str, int, Any]]:
        for number, (shape, row) in enumerate(zip(self.shapes, self.plan["parameters"], strict=True)):
            steps, value, gradient, rate = slots[KINDS * number : KINDS * (number + 1)]
            if steps is not None:
                yield "update", number, self._sum(steps, shape)
            if value is not None:
                yield "value", number, _shaped(self.copies[value[0][0]], shape)
            over = row["gradient"] or {}
            if gradient is not None:
                yield "gradient", number, self._sum(gradient, shape)
            elif "rate" in over and steps is not None and (rate is not None or over["rate"] is None):
                divisor = self.copies[rate[0][0]] if rate is not None else 1.0
                yield "gradient", number, -self._sum(steps, shape) * over["factor"] / divisor
        for number, layer in enumerate(slots[KINDS * len(self.shapes) :]):
            for place, _ in layer or ():
                yield "activation", number, self.copies[place]


def _readings(plan: dict[str, Any]) -> Iterator[list[Reading]]:
    """The readings of each figure: updates, value, gradient and rate of each parameter, then each layer."""
    for row in plan["parameters"]:
        gradient = row["gradient"] or {}
        yield [{**u["step"], "factor": u["factor"]} for u in row["updates"]]
        yield [{**row["value"], "first": True}]
        yield [gradient] if "point" in gradient else []
        yield [gradient["rate"]] if gradient.get("rate") else []
    yield from (row["readings"] for row in plan["layers"])


def _slots(readings: list[Reading], places: dict[int, list[int]]) -> Slots | None:
    """Where readings find their figures, by the places of each point in the log; None where one of them does not."""
    out: Slots = []
    for reading in readings:
        found = places.get(reading["point"], [])
        if reading["at"] is None:  # all of them; of values the first
            chosen = found[:1] if reading.get("first") else found
        else:
            chosen = [found[index] for count, index in reading["at"] if count == len(found)]
        if not chosen:
            return None
        out += [(place, reading["factor"]) for place in chosen]
    return out or None


def _shaped(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """An array in a parameter's shape: as it is, turned, put in order, or repeated."""
    if value.shape == shape:
        return value
    if value.ndim == 2 and value.shape[::-1] == shape:
        return value.T
    return np.reshape(value, shape) if value.size == math.prod(shape) else np.broadcast_to(value, shape)
