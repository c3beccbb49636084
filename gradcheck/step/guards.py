"""Gradients that are exact but for the small constants that guard roots, logarithms and divisions.

A forward pass that divides by ``sqrt(var + 1e-5)`` and a backward pass that has ``sqrt(var + 1e-8)`` there mean the
same formula.
"""

from __future__ import annotations

from ..replay.adjoint import Recording
from ..replay.forward import ReplayError
from .compare import Comparison, compare, oriented
from .gradient import Extraction
from .hypotheses import small_constants
from .trials import Judgement, Match, Trial

LARGEST = 0.1  # relative departure that small constants may make
MOST_ENTRIES = 200_000


def without_guards(made: Judgement, t: Trial, m: Match) -> Comparison | None:
    """How a gradient compares where no small constant guards anything, in either pass; None where that is not known."""
    residual = m.comparison.residual
    if residual is None or residual > LARGEST or made.extraction is None or t.hypothesis.given:
        return None
    bare = _bare(made, t)
    if bare is None:
        return None
    ex, c = made.extraction, m.version.candidate
    extraction = Extraction(bare, ex.masks, ex.states, ex.state_masks, ex.updates)
    try:
        sweep = made.window.sweep(bare, t.seeds, bounded=True)
        truth, bound = made.window.adjoint(sweep, m.version, bare)
        g = extraction.gradient(c, c.rounds[m.version.round_][m.version.index :])
    except (ReplayError, ValueError):
        return None
    return compare(oriented(g.value, truth), truth, bound, g.noise) if g.value.size == truth.size else None


def _bare(made: Judgement, t: Trial) -> Recording | None:
    """The step replayed with zeros for all small constants that guard something; None where there are none."""
    key = ("bare", id(t.recording))
    if key not in made.kept:
        made.kept[key] = _replayed(made, t.recording)
    found: Recording | None = made.kept[key]
    return found


def _replayed(made: Judgement, recording: Recording) -> Recording | None:
    if len(recording.entries) > MOST_ENTRIES:
        return None
    guards = small_constants(made.window, recording.entries)
    bare = Recording(recording.replay.without(guards), made.window.fork(), recording.entries)
    try:
        bare.run()
    except ReplayError:
        return None
    return bare if guards else None
