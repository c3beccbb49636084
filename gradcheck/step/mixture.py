"""Gradients of several losses that the script never adds up: weighted sums of the gradients of what it computes."""

from __future__ import annotations

import numpy as np

from ..tape import Tape
from .compare import oriented
from .trials import Judgement, Match, Trial, is_part

EXACT = 1e-9
MOST_LOSSES = 4
FEWEST_EACH = 5  # entries of the gradient for each weight that is fitted


def is_mixture(tape: Tape, made: Judgement, m: Match) -> bool:
    """Whether a gradient is a weighted sum of the gradients of two to four own losses, none a part of another one."""
    v = m.version
    truths: list[np.ndarray] = []
    for t in _separate(tape, made, [t for t in (*made.considered, *made.later) if _plain(t)]):
        for x in t.matches:
            same = (x.version.candidate, x.version.round_, x.version.index) == (v.candidate, v.round_, v.index)
            if same and np.any(x.truth):
                truths.append(np.ravel(x.truth))
    u = np.ravel(oriented(m.gradient.value, m.truth))
    if not 2 <= len(truths) <= MOST_LOSSES or u.size < FEWEST_EACH * len(truths) or not np.all(np.isfinite(u)):
        return False
    basis = np.stack(truths, axis=1)
    weights, _, rank, _ = np.linalg.lstsq(basis, u, rcond=None)
    fits = np.linalg.norm(u - basis @ weights) <= EXACT * np.linalg.norm(u)
    return bool(fits and rank == len(truths) and np.all(weights))


def _plain(t: Trial) -> bool:
    h = t.hypothesis
    return h.source == "own" and not (h.on_path or h.tail or h.guards or h.given)


def _separate(tape: Tape, made: Judgement, trials: list[Trial]) -> list[Trial]:
    """Those that are no part of another one, each place and pass once."""
    once = {(t.hypothesis.site, t.hypothesis.label, t.hypothesis.place): t for t in trials}
    return [t for t in once.values() if not any(is_part(tape, made, t, o) for o in once.values() if o is not t)]
