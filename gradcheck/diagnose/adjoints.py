"""The true adjoints of one trial, by size, and the one among them that a value of the user's is nearest to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..record.sources import Sources
from ..step.trials import Judgement, Trial
from ..tape import Tape
from .code import Code
from .multiples import AGREES, LARGEST
from .walk import walk_of

MOST_RIVALS = 64  # adjoints of one size that a value is compared with
MOST_NUMBERS = 30_000_000  # entries of all adjoints together


@dataclass(slots=True)
class Adjoint:
    """A true adjoint of unit norm, what it is the adjoint of, and the forward entry (-1: a parameter)."""

    unit: np.ndarray
    norm: float
    entry: int
    name: str = ""
    named: bool = False
    stacked: bool = False  # that of all executions of the entry's place together
    transposed: bool = False


@dataclass(slots=True)
class Likeness:
    """A user's value beside the adjoint it is nearest to: u = scale * t, but for ``residual`` of the length."""

    adjoint: Adjoint
    scale: float
    residual: float
    cosine: float

    @property
    def right(self) -> bool:
        """Whether it is a multiple of the adjoint."""
        return self.residual < AGREES


class Adjoints:
    """Those of the parameters and, where the forward pass is not too large, of every value in it."""

    def __init__(self, tape: Tape, sources: Sources, made: Judgement, trial: Trial, code: Code) -> None:
        self.tape = tape
        self.sources = sources
        self.trial = trial
        self.code = code
        self.known: dict[int, list[Adjoint]] = {}
        self.matrices: dict[int, np.ndarray] = {}
        self.passes: dict[int, list[int]] = {}  # site of the forward pass -> its entries
        walk = walk_of(tape, made, trial)
        self.forward = walk.forward
        self._collect(walk.adjoints)

    def _collect(self, visits: dict[int, np.ndarray]) -> None:
        for m in self.trial.matches:
            if m.truth.size > 1:
                self._add(m.truth, -1, m.version.candidate.name)
        tape = self.tape
        codes = (tape.entry(e)[2] for e in self.forward)
        numbers = sum(math.prod(tape.shape_of(c)) for outputs in codes for c in outputs)
        if numbers > MOST_NUMBERS:
            return
        for e, g in visits.items():
            self._add(g, e)
        for (site, _), entries in alike(visits, tape).items():
            self.passes.setdefault(site, []).extend(entries)
            if 1 < len(entries) and visits[entries[0]].size * len(entries) <= LARGEST:
                self._add(np.stack([visits[e] for e in entries]), entries[-1], stacked=True)
        for entries in self.passes.values():
            entries.sort()

    def _add(self, g: np.ndarray, entry: int, name: str = "", stacked: bool = False) -> None:
        norm = float(np.linalg.norm(g)) if g.size <= LARGEST else 0.0
        known = self.known.setdefault(g.size, [])
        if g.size < 2 or not 0 < norm < np.inf or len(known) >= MOST_RIVALS:
            return
        named = bool(name) or self.code.named(self.sources.sites[self.tape.site_of(entry)])
        known.append(Adjoint(g.ravel() / norm, norm, entry, name, named, stacked))
        if g.ndim == 2 and 1 not in g.shape:
            known.append(Adjoint(g.T.ravel() / norm, norm, entry, name, named, stacked, True))

    def nearest(self, value: Any) -> Likeness | None:
        """The adjoint of the value's size that has the greatest cosine with it."""
        u = np.asarray(value, float).ravel()
        known = self.known.get(u.size)
        norm = float(np.linalg.norm(u)) if u.size else 0.0
        if not known or not 0 < norm < np.inf:
            return None
        matrix = self.matrices.get(u.size)
        if matrix is None:
            matrix = self.matrices[u.size] = np.array([a.unit for a in known])
        products = matrix @ (u / norm)
        equal = np.flatnonzero(np.abs(products) > np.max(np.abs(products)) - 1e-12)
        best = int(min(equal, key=lambda i: not known[i].named))
        cosine = float(products[best])
        if not cosine:
            return None
        adjoint = known[best]
        gap = float(np.linalg.norm(u / norm - cosine * adjoint.unit)) / abs(cosine)
        return Likeness(adjoint, cosine * norm / adjoint.norm, gap, cosine)

    def partner(self, adjoint: Adjoint) -> str:
        """What the adjoint belongs to: a parameter, or a value of the forward pass and which of its passes."""
        name = adjoint.name
        if not name:
            site = self.tape.site_of(adjoint.entry)
            passes = self.passes.get(site, [])
            name = self.code.name(self.sources.sites[site])
            if 1 < len(passes) <= MOST_RIVALS and not adjoint.stacked:
                name += f" (pass {passes.index(adjoint.entry) + 1} of {len(passes)})"
        return name + (", transposed" if adjoint.transposed else "")


def alike(values: dict[int, np.ndarray], tape: Tape) -> dict[tuple[int, tuple[int, ...]], list[int]]:
    """Entries by place and shape, in program order."""
    out: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for e in sorted(values):
        out.setdefault((tape.site_of(e), values[e].shape), []).append(e)
    return out
