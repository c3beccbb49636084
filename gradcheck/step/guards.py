"""Gradients that are exact but for the small constants that guard roots, logarithms and divisions.

A forward pass that divides by ``sqrt(var + 1e-5)`` and a backward pass that has ``sqrt(var + 1e-8)`` there mean the
same formula.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..replay.adjoint import Recording, Sweep
from ..replay.forward import ReplayError
from . import heads
from .compare import Comparison, compare, oriented
from .gradient import Extraction
from .hypotheses import small_constants
from .trials import Judgement, Match, Trial

LARGEST = 0.1  # relative departure that small constants may make
MOST_ENTRIES = 200_000


@dataclass(frozen=True, slots=True)
class Bare:
    """The step with zeros for all small constants that guard something: gradients, and their true values."""

    recording: Recording
    extraction: Extraction
    sweep: Sweep


def without_guards(made: Judgement, t: Trial, m: Match) -> Comparison | None:
    """How a gradient compares where no small constant guards anything, in either pass; None where that is not known."""
    residual = m.comparison.residual
    if residual is None or residual > LARGEST or t.hypothesis.given:
        return None
    key = ("bare", id(t.sweep))
    if key not in made.kept:
        made.kept[key] = _bare(made, t)
    bare: Bare | None = made.kept[key]
    if bare is None:
        return None
    c = m.version.candidate
    try:
        truth, bound = made.window.adjoint(bare.sweep, m.version, bare.recording)
        g = bare.extraction.gradient(c, c.rounds[m.version.round_][m.version.index :])
    except (ReplayError, ValueError):
        return None
    return compare(oriented(g.value, truth), truth, bound, g.noise) if g.value.size == truth.size else None


def _bare(made: Judgement, t: Trial) -> Bare | None:
    """The step without its small constants; None where it has none, or cannot be replayed so."""
    entries, ex = t.recording.entries, made.extraction
    guards = small_constants(made.window, entries) if len(entries) <= MOST_ENTRIES else {}
    if not guards or ex is None:
        return None
    bare = Recording(t.recording.replay.without(guards), made.window.fork(), entries)
    try:
        bare.run()
        seeds = t.seeds if t.head is None else heads.seeds(t.kind, t.head, bare)  # of a standard loss: they follow p
        sweep = made.window.sweep(bare, list(seeds or ()), bounded=True)
    except ReplayError:
        return None
    return Bare(bare, Extraction(bare, ex.masks, ex.states, ex.state_masks, ex.updates), sweep)
