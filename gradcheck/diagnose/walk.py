"""The walk along the user's backward pass: which of its values are true adjoints, and where the truth is left.

A value of the backward pass is *on the path* when it is a multiple of the adjoint of some forward value. The
departure is the
first value, in program order, that comes from one on the path, is not on it, and leads to none that is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..replay.adjoint import Reverse
from ..step.flow import backward_slice
from ..step.trials import Judgement, Match, Trial
from ..tape import CONST, Tape

AGREES = 1e-9
MOST_ENTRIES = 60_000
LARGEST = 2_000_000


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a gradient leaves the truth: the source place, what to say there, and how user and truth differ."""

    site: int
    label: str
    structure: str
    sources: tuple[int, ...] = ()  # entries of the values, right in themselves, that went in


class Walk:
    """The adjoints of one trial, and the user's values beside them."""

    def __init__(self, tape: Tape, made: Judgement, trial: Trial) -> None:
        self.tape = tape
        self.made = made
        self.trial = trial
        window = made.window
        targets = {tape.storage_of(c) for c in trial.hypothesis.codes}
        self.forward = set(backward_slice(tape, targets, trial.hypothesis.last, window.begin, window.barriers))
        self.truth: dict[int, np.ndarray] = {}  # size -> normalised adjoints, one a row
        if len(self.forward) <= MOST_ENTRIES:
            self._collect()

    def _collect(self) -> None:
        reverse = Reverse(self.trial.recording, self.made.window.active(), self.made.window.captures)
        reverse.keep = self.forward
        visits = reverse.sweep(self.trial.seeds).visits
        rows: dict[int, list[np.ndarray]] = {}
        by_site: dict[int, list[np.ndarray]] = {}
        for number, g in visits.items():
            self._add(rows, g)
            by_site.setdefault(self.tape.entry_template[number], []).append(g)
        for found in by_site.values():
            if 1 < len(found) <= 4096 and len({g.shape for g in found}) == 1 and found[0].size * len(found) <= LARGEST:
                self._add(rows, np.stack(found[::-1]))
        self.truth = {size: np.array(found) for size, found in rows.items()}

    def _add(self, rows: dict[int, list[np.ndarray]], g: np.ndarray) -> None:
        norm = float(np.linalg.norm(g))
        if g.size and norm > 0 and np.isfinite(norm) and g.size <= LARGEST:
            known = rows.setdefault(g.size, [])
            known.append(g.ravel() / norm)
            if g.ndim == 2 and 1 not in g.shape:
                known.append(g.T.ravel() / norm)

    def agrees(self, value: Any) -> bool:
        """Whether a value is a multiple of some adjoint."""
        v = np.asarray(value, float).ravel()
        rows = self.truth.get(v.size)
        norm = float(np.linalg.norm(v)) if v.size else 0.0
        if rows is None or not norm or not np.isfinite(norm):
            return False
        v = v / norm
        best = int(np.argmax(np.abs(rows @ v)))
        row = rows[best]
        return bool(np.linalg.norm(v - (row @ v) * row) < AGREES)

    def first(self, m: Match) -> Departure | None:
        """The departure of one gradient; None where the walk cannot tell."""
        tape, window = self.tape, self.made.window
        end = m.version.update.entry + 1
        source = tape.storage_of(m.gradient.code)
        found = backward_slice(tape, {source}, end, window.begin)
        assert self.made.extraction is not None
        masks = self.made.extraction.masks
        path = [e for e in found if e not in self.forward and masks.entry_masks.get(e)]
        if not path or not self.truth or len(path) > MOST_ENTRIES:
            return None
        on = {e for e in path if self._on_path(e)}
        after, before = self._links(path)
        leads = set()
        for e in reversed(path):
            if any(c in on or c in leads for c in after[e]):
                leads.add(e)
        comes = set()
        for e in path:
            if any(p in on or p in comes for p in before[e]):
                comes.add(e)
        choices = [e for e in path if e not in on and e not in leads and (e in comes or not on)]
        if not choices:
            choices = [e for e in path if e not in on and e not in leads]
        if not choices:
            return Departure(m.version.update.site, "the gradient is right up to here", structure(m))
        site = tape.site_of(choices[0])
        label = "departs here: what goes in is right" if choices[0] in comes else "not the derivative of the loss"
        return Departure(site, label, structure(m), tuple(p for p in before[choices[0]] if p in on))

    def _on_path(self, number: int) -> bool:
        template, inputs, outputs = self.tape.entry(number)
        codes = [c for c in outputs if c & 3 != CONST]
        if len(codes) != 1:
            return False
        _, value = self.trial.recording.operands(number)
        return np.size(value) > 1 and self.agrees(value)

    def _links(self, path: list[int]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        tape = self.tape
        after: dict[int, list[int]] = {e: [] for e in path}
        before: dict[int, list[int]] = {e: [] for e in path}
        maker: dict[int, list[int]] = {}
        for e in path:
            template, inputs, outputs = tape.entry(e)
            for code in inputs:
                if code & 3 != CONST:
                    for p in maker.get(tape.storage_of(code), ()):
                        after[p].append(e)
                        before[e].append(p)
            for code in outputs:
                maker[tape.storage_of(code)] = [e]
            for place in template.writes:
                maker.setdefault(tape.storage_of(inputs[place]), []).append(e)
        return after, before


def structure(m: Match) -> str:
    """How user and truth differ, where the ratio has a form: per row, per column, transposed, some entries zero."""
    u, t = np.asarray(m.gradient.value, float), m.truth
    if u.size != t.size or not np.any(t):
        return ""
    if t.ndim == 2 and t.shape[0] == t.shape[1] and _same(u.reshape(t.shape).T, t):
        return "it is the transpose of the true gradient"
    u = u.reshape(t.shape)
    with np.errstate(all="ignore"):
        ratio = np.where(t != 0, u / t, np.nan)
    zero = (u == 0) & (t != 0)
    if zero.any() and _same(u[~zero], t[~zero]):
        return f"{int(zero.sum()):,} of {t.size:,} entries are zero, the others right"
    if t.ndim == 2:
        for axis, name in ((1, "row"), (0, "column")):
            if 1 not in t.shape and _constant(ratio, axis):
                return f"each {name} has a factor of its own"
    return ""


def _same(u: np.ndarray, t: np.ndarray) -> bool:
    tt = float(np.vdot(t, t))
    k = float(np.vdot(u, t)) / tt if tt else 0.0
    return bool(k and np.linalg.norm(u - k * t) < AGREES * abs(k) * np.sqrt(tt))


def _constant(ratio: np.ndarray, axis: int) -> bool:
    low, high = np.nanmin(ratio, axis=axis), np.nanmax(ratio, axis=axis)
    return bool(np.all(np.abs(high - low) <= AGREES * np.maximum(np.abs(low), np.abs(high))))
