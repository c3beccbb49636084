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
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np

from ..results import Outcome
from .figures import Layer, dead_units, moved, norm, saturated_share
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

Slot = tuple[int, int, float]  # point, execution, factor


class FollowingRecorder(NeutralTaps):
    """Serves the points of a plan, counts steps, streams their figures, and leaves after the last one wanted.

    ``config`` holds the ``plan``, the ``count`` of steps, and for hooks the folder ``arrays``.
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
        every = range(len(self.points))
        self.found: list[list[Any]] = [[] for _ in every]  # figures of this step by point, one an execution
        self.times: list[list[int]] = [[] for _ in every]  # how many updates had been made before each of them
        self.copies: list[list[Any]] = [[] for _ in every]
        self.clock = 0  # updates in this step
        self._kept = {k for k in every if self.points[k]["keep"] or arrays}
        self._kept |= {
            u["old"]["point"]
            for p in self.plan["parameters"]
            for u in p["updates"]
            if self.points[u["step"]["point"]]["role"] == "result"
        }
        self._over = [_division(row["gradient"]) for row in self.plan["parameters"]]
        self._ways: dict[tuple[int, ...], list[list[Slot] | None]] = {}
        self._rows = array("d")
        self._sent = 0.0
        self._process = os.getpid()
        self._ended = False

    # what the runner calls

    def start(self) -> None:
        """Put the points into the builtins."""
        self._sent = time.perf_counter()
        names = vars(builtins)
        reads = [u[kind]["point"] for p in self.plan["parameters"] for u in p["updates"] for kind in ("step", "old")]
        layers = {r["point"]: row for row in self.plan["layers"] for r in row["readings"]}
        before = {u["step"]["point"]: u["old"]["point"] for p in self.plan["parameters"] for u in p["updates"]}
        for number, point in enumerate(self.points):
            if point["role"] == "pass":
                names[f"@{number}"] = self._pass
            elif point["role"] in WRITES:
                names[f"@{number}{BEFORE}"], names[f"@{number}"] = self._write(number, before[number])
            elif number in layers:
                row = layers[number]
                names[f"@{number}"] = self._activation(number, Layer(row["units"], row["low"], row["high"]))
            elif point["role"] == "result":
                names[f"@{number}"] = self._difference(number, before[number])
            elif point["role"] == "operand":
                names[f"@{number}"] = self._operand(number, number in reads)

    def finish(self, outcome: Outcome) -> None:
        """Send what is left; a step that something cut short is not told."""
        if not self._ended:
            if self.clock and outcome.kind not in INTERRUPTED:
                self._step()
            self._ended = True
            self._send()

    def forget(self) -> None:
        """In a fork of the script: do nothing more."""
        self._ended = True

    # points

    def _operand(self, number: int, updates: bool) -> Callable[..., Any]:
        """Takes the norm of a value; of an update it counts as such."""
        found, times, copies = self.found[number].append, self.times[number].append, self._copier(number)

        def point(value: Any, through: Any = _NO) -> Any:
            try:
                times(self.clock)
                if copies is not None:
                    copies(value)
                found(norm(value))
                if updates:
                    self.clock += 1
            except Exception:
                found(NOTHING)
            return value if through is _NO else through

        return point

    def _difference(self, number: int, old: int) -> Callable[[Any], Any]:
        """A new value: takes the norm of what was added to the old one, which passed another point before."""
        found, times, copies = self.found[number].append, self.times[number].append, self._copier(number)
        keep = self.copies[old]

        def point(value: Any) -> Any:
            try:
                times(self.clock)
                if copies is not None:
                    copies(value - keep[-1])
                found(moved(value, keep[-1]))
                self.clock += 1
            except Exception:
                found(NOTHING)
            return value

        return point

    def _write(self, number: int, old: int) -> tuple[Callable[[Any], None], Callable[[Any], None]]:
        """What goes before and after a statement that writes into an array."""
        found, times, copies = self.found[number].append, self.times[number].append, self._copier(number)
        norms, when, kept = self.found[old].append, self.times[old].append, self.copies[old].append
        last: list[Any] = [None]

        def before(value: Any) -> None:
            try:
                last[0] = np.array(value)
                when(self.clock)
                if copies is not None:
                    kept(last[0])
                norms(norm(value))
            except Exception:
                norms(NOTHING)

        def after(value: Any) -> None:
            try:
                times(self.clock)
                if copies is not None:
                    copies(np.subtract(value, last[0]))
                found(moved(value, last[0]))
                self.clock += 1
            except Exception:
                found(NOTHING)

        return before, after

    def _activation(self, number: int, layer: Layer) -> Callable[[Any], Any]:
        """The output of a layer: which units are dead, and how much of it is saturated."""
        found, times, copies = self.found[number].append, self.times[number].append, self._copier(number)

        def point(value: Any) -> Any:
            try:
                times(self.clock)
                if copies is not None:
                    copies(value)
                found((dead_units(value, layer.units), saturated_share(value, layer)))
            except Exception:
                found(None)
            return value

        return point

    def _copier(self, number: int) -> Callable[[Any], None] | None:
        if number not in self._kept:
            return None
        keep = self.copies[number].append
        return lambda value: keep(np.array(value))

    # steps

    def _pass(self) -> None:
        """A pass of the loop begins: the one before it was a step if anything was updated in it."""
        if self._ended or os.getpid() != self._process:
            return
        if self.clock:
            self._step()
        self._clear()
        if self.done >= self.count:
            self.stop()

    def _clear(self) -> None:
        for lists in (self.found, self.times, self.copies):
            for one in lists:
                one.clear()
        self.clock = 0

    def _step(self) -> None:
        """One step is complete."""
        self.done += 1
        counts = tuple([bisect_left(times, self.clock) for times in self.times])
        way = self._ways.get(counts)
        if way is None:
            way = self._way(counts)
            if len(self._ways) < MOST_WAYS:
                self._ways[counts] = way
        self._rows.extend(self._figures(way))
        if self.arrays:
            self._tell_arrays(way)
        if time.perf_counter() - self._sent >= SECONDS:
            self._send()

    def _way(self, counts: tuple[int, ...]) -> list[list[Slot] | None]:
        """Where the figures of a step lie: updates, value and gradient of each parameter, then each layer."""
        readings: list[list[Any]] = []
        for row in self.plan["parameters"]:
            readings.append([{**u["step"], "factor": u["factor"]} for u in row["updates"]])
            readings.append([{**row["value"], "first": True}])
            readings.append([row["gradient"]] if "point" in (row["gradient"] or ()) else [])
            rate = (row["gradient"] or {}).get("rate")
            readings.append([rate] if rate else [])
        readings += [row["readings"] for row in self.plan["layers"]]
        return [_slots(wanted, counts) for wanted in readings]

    def _figures(self, way: list[list[Slot] | None]) -> list[float]:
        """Norm of gradient, update and value of each parameter, then dead and saturated share of each layer."""
        out: list[float] = []
        size = KINDS * len(self.shapes)
        for place, over in zip(range(0, size, KINDS), self._over, strict=True):
            shape = self.shapes[place // KINDS]
            step, gradient = self._norm(way[place], shape), self._norm(way[place + 2], shape)
            if over is not None:
                rate = self._norm(way[place + 3], ()) if over[0] else 1.0
                gradient = step * over[1] / rate if rate else NOTHING
            out += (gradient, step, self._norm(way[place + 1], shape))
        for slots in way[size:]:
            out += self._shares(slots)
        return out

    def _norm(self, slots: list[Slot] | None, shape: tuple[int, ...]) -> float:
        """The norm of one execution's value, or of the sum of several."""
        if slots is None:
            return NOTHING
        if len(slots) > 1:
            return norm(self._sum(slots, shape))
        point, index, factor = slots[0]
        figure: float = self.found[point][index]
        return abs(factor) * figure

    def _sum(self, slots: list[Slot], shape: tuple[int, ...]) -> Any:
        """The arrays of some executions with the signs of their factors, in a parameter's shape."""
        with np.errstate(all="ignore"):
            parts = (math.copysign(1.0, factor) * _shaped(self.copies[k][i], shape) for k, i, factor in slots)
            return sum(parts)

    def _shares(self, slots: list[Slot] | None) -> tuple[float, float]:
        told = [self.found[point][index] for point, index, _ in slots or ()]
        if not told or any(one is None for one in told):
            return NOTHING, NOTHING
        dead = told[0][0] if len(told) == 1 else np.logical_and.reduce([one[0] for one in told])
        saturated = [one[1] for one in told]
        share = NOTHING if saturated[0] is None else sum(saturated) / len(saturated)
        return float(np.count_nonzero(dead)) / max(1, dead.size), share

    # out

    def _send(self) -> None:
        self._sent = time.perf_counter()
        if self._rows:
            figures = base64.b64encode(self._rows.tobytes()).decode("ascii")
            self._rows = array("d")
            self.emit({"event": "steps", "done": self.done, "count": self.count, "figures": figures})

    def _tell_arrays(self, way: list[list[Slot] | None]) -> None:
        """Leave the step's arrays in a file for the hooks: update, value and gradient by parameter, then layers."""
        self._send()
        parts: list[list[Any]] = []
        file = os.path.join(str(self.arrays), f"{self.done}.npy")
        with _open(file, "wb") as stream:
            for kind, number, value in self._arrays(way):
                np.lib.format.write_array(stream, np.asarray(value), allow_pickle=False)
                parts.append([kind, number])
        self.emit({"event": "step_arrays", "step": self.done, "file": file, "parts": parts})

    def _arrays(self, way: list[list[Slot] | None]) -> Iterator[tuple[str, int, Any]]:
        for number, (shape, over) in enumerate(zip(self.shapes, self._over, strict=True)):
            steps, value, gradient, rate = way[KINDS * number : KINDS * (number + 1)]
            if steps is not None:
                yield "update", number, self._sum(steps, shape)
            if value is not None:
                yield "value", number, _shaped(self.copies[value[0][0]][value[0][1]], shape)
            if gradient is not None:
                yield "gradient", number, self._sum(gradient, shape)
            elif over is not None and steps is not None and (rate is not None or not over[0]):
                divisor = self.copies[rate[0][0]][rate[0][1]] if rate is not None else 1.0
                yield "gradient", number, -self._sum(steps, shape) * over[1] / divisor
        for number, layer in enumerate(way[KINDS * len(self.shapes) :]):
            for point, index, _ in layer or ():
                yield "activation", number, self.copies[point][index]


def _division(gradient: dict[str, Any] | None) -> tuple[bool, float] | None:
    """Whether a gradient is the update divided by a rate that is read, and the factor of that; None if it is not."""
    return None if gradient is None or "point" in gradient else (gradient["rate"] is not None, gradient["factor"])


def _slots(readings: list[dict[str, Any]], counts: tuple[int, ...]) -> list[Slot] | None:
    """Where readings find their figures in a step in which places ran so often; None where one of them does not."""
    out: list[Slot] = []
    for reading in readings:
        count = counts[reading["point"]]
        if reading["at"] is None:  # all of them; of values the first
            places = list(range(1 if reading.get("first") and count else count))
        else:
            places = [index for known, index in reading["at"] if known == count]
        if not places:
            return None
        out += [(reading["point"], index, reading["factor"]) for index in places]
    return out or None


def _shaped(value: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """An array in a parameter's shape: as it is, turned, put in order, or repeated."""
    if value.shape == shape:
        return value
    if value.ndim == 2 and value.shape[::-1] == shape:
        return value.T
    return np.reshape(value, shape) if value.size == math.prod(shape) else np.broadcast_to(value, shape)
