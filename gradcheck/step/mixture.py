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


Weights = dict[int, float]  # by id of the trial, for a rate of one


def is_mixture(tape: Tape, made: Judgement, m: Match) -> bool:
    """Whether a gradient is a weighted sum of the gradients of two to four own losses, none a part of another one.

    One that is too small to fit weights to may have those of another parameter.
    """
    return _fitted(tape, made, m) is not None or any(_has(tape, made, m, w) for w in _known(tape, made))


def _fitted(tape: Tape, made: Judgement, m: Match) -> Weights | None:
    """The weights of the losses in a gradient; None where it is no such sum, or too small to tell."""
    truths = _truths(tape, made, m)
    u = np.ravel(oriented(m.gradient.value, m.truth))
    if not 2 <= len(truths) <= MOST_LOSSES or u.size < FEWEST_EACH * len(truths) or not np.all(np.isfinite(u)):
        return None
    basis = np.stack(list(truths.values()), axis=1)
    weights, _, rank, _ = np.linalg.lstsq(basis, u, rcond=None)
    fits = np.linalg.norm(u - basis @ weights) <= EXACT * np.linalg.norm(u)
    if not fits or rank < len(truths) or not np.all(weights):
        return None
    return {t: float(w) / m.gradient.rate for t, w in zip(truths, weights, strict=True)} if m.gradient.rate else {}


def _has(tape: Tape, made: Judgement, m: Match, weights: Weights) -> bool:
    """Whether a gradient is the sum with given weights."""
    truths = _truths(tape, made, m)
    if not truths.keys() & weights.keys() or not truths.keys() <= weights.keys():
        return False
    u = np.ravel(oriented(m.gradient.value, m.truth))
    wanted = m.gradient.rate * sum(weights[t] * g for t, g in truths.items())
    return bool(np.linalg.norm(u - wanted) <= EXACT * np.linalg.norm(u))


def _known(tape: Tape, made: Judgement) -> list[Weights]:
    """The weights that were fitted to some gradient of the training; found once."""
    if "weights" not in made.kept:
        fitted = (_fitted(tape, made, m) for t in made.trials or made.considered for m in t.matches)
        made.kept["weights"] = [w for w in fitted if w]
    found: list[Weights] = made.kept["weights"]
    return found


def _truths(tape: Tape, made: Judgement, m: Match) -> dict[int, np.ndarray]:
    """The gradients of the separate losses by one parameter, where they are not zero."""
    v = m.version
    found: dict[int, np.ndarray] = {}
    for t in _separate(tape, made):
        for x in t.matches:
            same = (x.version.candidate, x.version.round_, x.version.index) == (v.candidate, v.round_, v.index)
            if same and np.any(x.truth):
                found[id(t)] = np.ravel(x.truth)
    return found


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
