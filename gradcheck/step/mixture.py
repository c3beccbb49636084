"""Gradients of several losses that the script never adds up: weighted sums of the gradients of what it computes."""

from __future__ import annotations

import numpy as np

from ..tape import Tape
from .compare import oriented
from .flow import backward_slice
from .trials import Judgement, Match, Trial

EXACT = 1e-9
MOST_LOSSES = 4
MOST_WORK = 4_000_000  # entries looked at for what feeds what
FEWEST_EACH = 5  # entries of the gradient for each weight that is fitted


def is_mixture(tape: Tape, made: Judgement, m: Match) -> bool:
    """Whether a gradient is a weighted sum of the gradients of two to four own losses, none a part of another one."""
    v = m.version
    truths: list[np.ndarray] = []
    for t in _separate(tape, made):
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


def _separate(tape: Tape, made: Judgement) -> list[Trial]:
    """The script's own losses that are no part of another one, each place and pass once; found once for a training."""
    key = "separate"
    if key not in made.kept:
        trials = [t for t in (*made.considered, *made.later) if _plain(t)]
        once = {(t.hypothesis.site, t.hypothesis.label, t.hypothesis.place): t for t in trials}
        few = list(once.values()) if len(once) * made.window.end <= MOST_WORK else []
        behind = {id(t): _behind(tape, made, t) for t in few}
        made.kept[key] = [t for t in few if not any(_feeds(t, o, behind[id(o)]) for o in few if o is not t)]
    found: list[Trial] = made.kept[key]
    return found


def _behind(tape: Tape, made: Judgement, t: Trial) -> set[int]:
    targets = {tape.storage_of(c) for c in t.hypothesis.codes}
    return set(backward_slice(tape, targets, t.hypothesis.last, made.window.begin, made.window.barriers))


def _feeds(part: Trial, whole: Trial, behind: set[int]) -> bool:
    return part.hypothesis.site != whole.hypothesis.site and not behind.isdisjoint(part.hypothesis.entries)
