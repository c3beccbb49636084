"""One hypothesis about the loss, evaluated: true adjoints beside the script's gradients."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..replay.adjoint import Recording, Sweep
from ..replay.rounding import again
from . import beside
from .compare import Comparison, compare, oriented, settle
from .decay import decayed
from .gradient import Extraction, Gradient
from .hypotheses import Hypothesis, Seeds
from .trials import (
    FEWEST_NUMBERS,
    SAME_UNIT,
    Judgement,
    Match,
    Trial,
    before,
    multiple_of_itself,
    one_scale,
    settle_zeros,
)
from .window import Version

NEAR = 1e-3
MOST_ROUNDED = 100_000


def evaluate(
    made: Judgement, h: Hypothesis, seeds: Seeds, recording: Recording | None, mask: int, kind: str
) -> Trial | None:
    """Sweep from the seeds and compare every parameter in the mask."""
    assert recording is not None and made.extraction is not None
    window = made.window
    chosen = [v for v in _latest_versions(window.in_mask(mask)) if v.candidate in made.parameters]
    if not chosen:
        return None
    sweep = window.sweep(recording, seeds, bounded=True, given=h.given)
    stuck = _stuck(made, sweep)
    matches = []
    for v in chosen:
        t, bound = window.adjoint(sweep, v, recording)
        g = _gradient(made, v)
        value = oriented(g.value, t)
        comparison = compare(value, t, bound, g.noise)
        if not comparison.exact:
            comparison, g = _other_values(g, t, bound, comparison)
        for freed in (decayed, beside.alone) if comparison.agreement == "off" else ():
            if (found := freed(made, h, v, g, t, bound)) is not None:
                comparison, g = found
                break
        blocked = [why for mask, why in stuck if mask & window.bit(v)]
        if g.doubt and not (comparison.exact and t.size > 1):
            blocked.append(g.doubt)
        matches.append(Match(v, g, comparison, t, bound, blocked))
    settle_zeros(matches)
    _free_numbers(made, h, matches)
    if any(_near(m) for m in matches):
        _settle(made, h, recording, seeds, matches)
    trial = Trial(h, kind, seeds, matches, sweep, recording)
    _identify(made, trial)
    return trial


def _free_numbers(made: Judgement, h: Hypothesis, matches: list[Match]) -> None:
    """A single number is a multiple of any other: of one at another scale than the rest, what is added is taken off
    where that puts it to theirs.
    """
    units = [m.unit for m in matches if m.exact and np.count_nonzero(m.truth) >= FEWEST_NUMBERS and m.unit]
    for m in matches if units else ():
        if np.count_nonzero(m.truth) == 1 and m.exact and m.unit and abs(m.unit / units[0] - 1) > SAME_UNIT:
            found = beside.alone(made, h, m.version, m.gradient, m.truth, m.bound)
            freed = replace(m, comparison=found[0], gradient=found[1]) if found is not None else m
            if freed.unit and abs(freed.unit / units[0] - 1) < SAME_UNIT:
                m.comparison, m.gradient = freed.comparison, freed.gradient


def _settle(made: Judgement, h: Hypothesis, recording: Recording, seeds: Seeds, matches: list[Match]) -> None:
    """Compare near misses again with measured rounding: forward values may have cancelled."""
    if len(recording.entries) > MOST_ROUNDED or recording is not made.recording:
        return
    if made.rounded is None:
        made.rounded = again(recording, made.window.fork)
    ex = made.extraction
    assert ex is not None
    sweeps = [made.window.sweep(other, seeds, given=h.given) for other in made.rounded]
    for m in matches:
        if not _near(m):
            continue
        v = m.version
        updates = v.candidate.rounds[v.round_][v.index :]
        ts = [made.window.adjoint(s, v, o)[0] for s, o in zip(sweeps, made.rounded, strict=True)]
        others = (Extraction(o, ex.masks, ex.states, ex.state_masks, ex.updates) for o in made.rounded)
        us = [oriented(e.gradient(v.candidate, updates).value, m.truth) for e in others]
        if all(u.shape == np.shape(us[0]) for u in us):
            u = oriented(m.gradient.value, m.truth)
            m.comparison = settle(u, m.truth, m.bound, m.gradient.noise, us, ts)


def _stuck(made: Judgement, sweep: Sweep) -> list[tuple[int, str]]:
    """Operations whose derivative is not known, with the versions behind them."""
    found = []
    for entry, why in sweep.blocked.items():
        mask = made.window.masks.entry_masks.get(entry, 0)
        found.append((mask, why))
    return found


def _gradient(made: Judgement, v: Version) -> Gradient:
    assert made.extraction is not None
    cache = made.extraction.cache
    key = (id(v.candidate), v.round_, v.index)
    if key not in cache:
        cache[key] = made.extraction.gradient(v.candidate, v.candidate.rounds[v.round_][v.index :])
    return cache[key]


def _identify(made: Judgement, trial: Trial) -> None:
    """A witness: a gradient with more than three entries, not constant, no multiple of the parameter itself."""
    for m in trial.matches:
        if m.comparison.agreement == "exact" and m.truth.size > 3 and not multiple_of_itself(m, made):
            trial.identified = True
            trial.witness = m.version.candidate.name
            return
    witness = _witness_of_numbers(made, trial)
    if witness is not None:
        trial.identified = True
        trial.witness = witness.version.candidate.name


def _witness_of_numbers(made: Judgement, trial: Trial) -> Match | None:
    """The first of more than three numbers at one scale: all that a line updates, or those of several lists.

    The weights of one unit are at one scale whatever the loss: all that a line updates are a witness to a loss of the
    script's own only. None where there is no witness.
    """
    if trial.hypothesis.on_path:
        return None
    numbers = [m for m in trial.matches if m.truth.size == 1 and m.exact and m.comparison.scale]
    lines: dict[int, list[Match]] = {}
    for m in numbers if trial.hypothesis.source == "own" else ():
        lines.setdefault(m.version.update.site, []).append(m)
    groups = [*lines.values(), *([m for m in numbers if one_scale([m, first])] for first in _first_of_lists(numbers))]
    return next((found[0] for found in groups if _is_witness(made, found)), None)


def _first_of_lists(numbers: list[Match]) -> list[Match]:
    """The first number of each of the lists that hold several, where there are several such lists."""
    lists: dict[tuple[Any, ...], list[Match]] = {}
    for m in numbers:
        lists.setdefault(m.version.update.location[:-1], []).append(m)
    whole = [found for found in lists.values() if len(found) > 1 and one_scale(found)]
    firsts = [found[0] for found in whole]
    return [m for m in firsts if sum(one_scale([m, other]) for other in firsts) > 1]


def _is_witness(made: Judgement, found: list[Match]) -> bool:
    t = np.array([float(np.ravel(m.truth)[0]) for m in found])
    w = np.array([float(np.ravel(np.asarray(before(made, m.version), float))[0]) for m in found])
    differ = len(found) > FEWEST_NUMBERS and not np.allclose(t, t[0], rtol=1e-9, atol=0.0)
    return differ and not compare(t, w).exact and one_scale(found)


def _near(m: Match) -> bool:
    """Whether rounding of the forward values might explain the difference."""
    c = m.comparison
    return not c.exact and c.agreement != "nonfinite" and (c.residual is None or c.residual < NEAR)


def _latest_versions(versions: list[Version]) -> list[Version]:
    """One version a candidate: the latest."""
    found: dict[int, Version] = {}
    for v in versions:
        known = found.get(id(v.candidate))
        if known is None or (v.round_, v.index) > (known.round_, known.index):
            found[id(v.candidate)] = v
    return list(found.values())


def _other_values(g: Gradient, t: np.ndarray, bound: np.ndarray, first: Comparison) -> tuple[Comparison, Gradient]:
    """The value before a clip or a sign, where that agrees; and the increment without weight decay."""
    for code, value in g.alternatives:
        found = compare(oriented(value, t), t, bound)
        if found.exact:
            return found, replace(g, value=value, code=code)
    return first, g
