"""Many training steps at the script's own speed: what a second run tells, held against the judged steps.

That run is plain code but for the few places of a plan (see diagnose/following.py), so what it reads is believed only
where its first steps are the judged ones. What is not is said, and never shown.
"""

from __future__ import annotations

import base64
import math
import os
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .assemble import Gathered, Piece
from .hooks import Handle
from .results import Json, NotChecked
from .supervise import Ending, Event

WHAT = "the steps"
SAME, ROUGHLY = 1e-6, 1e-2  # agreement with the judged figures in double precision, and in less
NOISE = 1e-9  # of the largest gradient, or of the parameter: below it a figure is rounding
DIGITS = 6
UNSEEN = "the places of its updates were not met in the second run"
OTHER = "the figures of the first steps are not those that were judged"
NO_GRADIENT = "the script holds it nowhere free of the learning rate; its updates are told"

Row = Sequence[float]


def wanted(gathered: Gathered) -> Piece | None:
    """The training that is followed: the first one that can be."""
    return next((piece for _, piece in sorted(gathered.pieces.items()) if piece.plan is not None), None)


def not_followed(gathered: Gathered) -> NotChecked:
    """Why no training can be followed."""
    why = "no parameter's gradient was found in it" if gathered.pieces else "no training step was found"
    return NotChecked(WHAT, why)


def left_out(gathered: Gathered, followed: Piece) -> list[NotChecked]:
    """The other trainings, of which no steps are told."""
    lines = [str(p.training.line) for _, p in sorted(gathered.pieces.items()) if p is not followed and p.training.line]
    why = f"only the training of line {followed.training.line} is followed"
    return [NotChecked(f"the steps of the training of line {line}", why) for line in lines]


@dataclass(slots=True)
class Trail:
    """The steps of one training as they come in. ``hooks`` are told of each, once its first steps are believed."""

    piece: Piece
    count: int
    hooks: Sequence[Handle] = ()
    rows: list[Row] = field(default_factory=list)
    waiting: list[tuple[int, list[list[Any]], list[Any]]] = field(default_factory=list)
    _doubts: dict[tuple[str, int], str] | None = None

    @property
    def plan(self) -> Json:
        """What the second run reads."""
        assert self.piece.plan is not None
        return self.piece.plan

    @property
    def empty(self) -> bool:
        """Whether there is nothing to read."""
        return not self.plan["parameters"]

    def take(self, event: Event) -> None:
        """Adds what an event tells."""
        if event["event"] == "steps":
            figures = array("d")
            figures.frombytes(base64.b64decode(event["figures"]))
            width = 3 * len(self.plan["parameters"]) + 2 * len(self.plan["layers"])
            self.rows += [figures[i : i + width] for i in range(0, len(figures), width)]
            if len(self.rows) >= self._judged():
                self._tell_waiting()
        elif event["event"] == "step_arrays":
            self.waiting.append((event["step"], event["parts"], list(_arrays(event["file"], len(event["parts"])))))
            if len(self.rows) >= self._judged():
                self._tell_waiting()

    def _judged(self) -> int:
        return max((len(row["judged"]) for row in self.plan["parameters"]), default=0)

    # what is believed

    def doubts(self) -> dict[tuple[str, int], str]:
        """Why figures are not told: ("update" | "gradient" | "activation", position in the plan) -> the reason."""
        if self._doubts is None:
            found: dict[tuple[str, int], str] = {}
            for number, row in enumerate(self.plan["parameters"]):
                for kind, why in self._doubts_of(number, row):
                    found[kind, number] = why
            for number, row in enumerate(self.plan["layers"]):
                if not all(_agree(a, b, 1e-3) for a, b in self._pairs_of_layer(number, row)):
                    found["activation", number] = OTHER
            self._doubts = found
        return self._doubts

    def _doubts_of(self, number: int, row: Json) -> Iterable[tuple[str, str]]:
        tolerance = SAME if row["precise"] else ROUGHLY
        pairs = list(zip(row["judged"], (r[3 * number : 3 * number + 3] for r in self.rows), strict=False))
        if row["gradient"] is None:
            yield "gradient", NO_GRADIENT
        elif not all(_agree(judged[0], seen[0], tolerance, NOISE * self._largest()) for judged, seen in pairs):
            yield "gradient", OTHER
        steps = all(_agree(judged[1], seen[1], tolerance, NOISE * judged[2]) for judged, seen in pairs)
        if not (steps and all(_agree(judged[2], seen[2], tolerance) for judged, seen in pairs)):
            yield "update", UNSEEN if all(math.isnan(seen[1]) for _, seen in pairs) else OTHER

    def _largest(self) -> float:
        return float(max(figures[0] for row in self.plan["parameters"] for figures in row["judged"]))

    def _pairs_of_layer(self, number: int, row: Json) -> Iterable[tuple[float, float]]:
        first = 3 * len(self.plan["parameters"]) + 2 * number
        for judged, seen in zip(row["judged"], self.rows, strict=False):
            for one, other in zip(judged, seen[first : first + 2], strict=True):
                if one is not None:
                    yield one, other

    # hooks

    def _tell_waiting(self) -> None:
        told, self.waiting = self.waiting, []
        for step, parts, arrays in told:
            self._tell(step, parts, arrays)

    def _tell(self, step: int, parts: list[list[Any]], arrays: list[Any]) -> None:
        doubts, held = self.doubts(), dict[int, dict[str, Any]]()
        for (kind, number), values in zip(parts, arrays, strict=True):
            if kind == "activation":
                if ("activation", number) not in doubts:
                    self._call("activation", self.plan["layers"][number]["name"], values, step)
            elif ("update", number) not in doubts:
                held.setdefault(number, {})[kind] = values
        for number, made in held.items():
            name = self.plan["parameters"][number]["name"]
            if "gradient" in made and ("gradient", number) not in doubts:
                self._call("gradient", name, made["gradient"], self.piece.training.batch_size, step)
            if "update" in made and "value" in made:
                self._call("update", name, made["update"], made["value"], step)

    def _call(self, event: str, *details: Any) -> None:
        for handle in self.hooks:
            handle.call(event, *details)

    # the report

    def told(self, gathered: Gathered, ending: Ending) -> tuple[Json | None, list[NotChecked]]:
        """The steps as the report holds them (see the JSON Schema), and what could not be followed."""
        self._tell_waiting()
        notes = self.notes()
        if gathered.outcome is not None and gathered.outcome.kind == "exception" and len(self.rows) < self.count:
            notes.append(
                NotChecked(f"the steps after {len(self.rows)}", f"the script raised {gathered.outcome.message}")
            )
        if not self.rows:
            return None, [*notes, NotChecked(WHAT, "none was complete in the second run")]
        doubts = self.doubts()
        parameters = [
            {"name": row["name"], "gradient_norms": self._norms(number), "update_ratios": self._ratios(number)}
            for number, row in enumerate(self.plan["parameters"])
            if ("update", number) not in doubts
        ]
        layers = [
            self._layer(number, row)
            for number, row in enumerate(self.plan["layers"])
            if ("activation", number) not in doubts
        ]
        if not parameters and not layers:
            return None, notes
        data = {
            "training": self.piece.training.id,
            "asked": self.count,
            "done": len(self.rows),
            "stopped": ending.stopped or ("" if len(self.rows) >= self.count else "script"),
            "parameters": parameters,
            "activations": layers,
        }
        return data, notes

    def _norms(self, number: int) -> list[float | None] | None:
        return None if ("gradient", number) in self.doubts() else [_short(row[3 * number]) for row in self.rows]

    def _ratios(self, number: int) -> list[float | None]:
        pairs = [(row[3 * number + 1], row[3 * number + 2]) for row in self.rows]
        return [_short(step / value) if value else (0.0 if step == 0 else None) for step, value in pairs]

    def _layer(self, number: int, row: Json) -> Json:
        first = 3 * len(self.plan["parameters"]) + 2 * number
        place: Json = {key: row[key] for key in ("name", "file", "line", "cell") if key in row}
        dead = [_short(r[first]) for r in self.rows]
        saturated = None if row["low"] is None else [_short(r[first + 1]) for r in self.rows]
        return {**place, "dead": dead, "saturated": saturated}

    def notes(self) -> list[NotChecked]:
        """One sentence for each reason, with the names that it holds for."""
        parameters, layers = self.plan["parameters"], self.plan["layers"]
        reasons: dict[tuple[str, str], list[str]] = {}
        for name, why in self.plan["left_out"]:
            reasons.setdefault(("the steps of", why), []).append(name)
        for (kind, number), why in self.doubts().items():
            if kind == "activation":
                reasons.setdefault(("the steps of", why), []).append(f"the activation in line {layers[number]['line']}")
            elif kind == "update" or ("update", number) not in self.doubts():
                what = "the steps of" if kind == "update" else "the gradient's norm by step of"
                reasons.setdefault((what, why), []).append(parameters[number]["name"])
        if self.plan["no_units"]:
            why = "which of its axes are units, and which rows, is not known"
            reasons["the dead share of the activation in", why] = list(dict.fromkeys(self.plan["no_units"]))
        return [NotChecked(f"{what} {', '.join(names)}", why) for (what, why), names in reasons.items()]


def _agree(judged: float, seen: float, tolerance: float, floor: float = 1e-300) -> bool:
    """Whether two figures are one to rounding, or both too small to be more than that."""
    return abs(judged - seen) <= tolerance * max(abs(judged), abs(seen)) or max(abs(judged), abs(seen)) <= floor


def _short(value: float) -> float | None:
    """A figure as the report holds it: None where there is none, or where it is not finite."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _arrays(file: str, count: int) -> Iterable[Any]:
    """The arrays that the child left in a file, which is removed."""
    from numpy.lib.format import read_array

    with open(file, "rb") as stream:
        for _ in range(count):
            yield read_array(stream, allow_pickle=False)
    os.unlink(file)
