"""Terms that an update adds beside the gradient: penalties that the reported loss leaves out, and noise.

``W -= rate * (g + lam * np.sign(W))`` descends the loss with a penalty that nobody prints; what has the exact
derivative of the loss is g.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..replay.forward import ReplayError
from ..tape import CONST
from .compare import Comparison, compare, oriented
from .decay import penalised
from .flow import backward_slice
from .gradient import Gradient
from .hypotheses import Hypothesis
from .trials import Judgement, before
from .window import Version

MOST_LINKS = 40
SAME = 1e-9
ADDITIONS = frozenset((operator.add, np.add, operator.iadd))
SUBTRACTIONS = frozenset((operator.sub, np.subtract, operator.isub))

Term = tuple[float, int]  # its factor, and the operand code that it is read from


def alone(
    made: Judgement, h: Hypothesis, v: Version, g: Gradient, t: np.ndarray, bound: np.ndarray
) -> tuple[Comparison, Gradient] | None:
    """The gradient without what is added beside it, where it is exact then; None where it is not."""
    if g.value.size != t.size or not np.any(t):
        return None
    try:
        w = np.asarray(before(made, v), float)
        penalties, noise = _beside(made, v, g, w)
    except ReplayError:
        return None
    rest = g.value - sum(noise) - sum(penalties)
    if not (noise or penalties) or penalties and penalised(made, h, v):
        return None
    found = compare(oriented(rest, t), t, bound, g.noise)
    way = (found.scale or 0.0) if g.stateful else -1.0  # without state what is judged is the step itself
    pulls = all(p.shape == w.shape and np.all(way * p * w >= 0) for p in penalties)  # towards zero
    return (
        (found, replace(g, value=rest, decay=float(bool(penalties)))) if found.agreement == "exact" and pulls else None
    )


def _beside(made: Judgement, v: Version, g: Gradient, w: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The penalties and the noise that the judged value holds."""
    own, way = _storages(made, v), _way(_value(made, g.code), g.value)
    terms = list(_terms(made, own, way, g.code)) if way else []
    penalties, noise = [], []
    for factor, code in terms if len(terms) > 1 else ():
        term = w if made.window.tape.storage_of(code) in own else _value(made, code)
        if term is not None and term.shape == g.value.shape:
            if _is_penalty(made, v, code):
                penalties.append(factor * term)
            elif _is_noise(made, v, code):
                noise.append(factor * term)
    return penalties, noise


def _storages(made: Judgement, v: Version) -> set[int]:
    """Where the parameter is held."""
    return {made.window.tape.storage_of(v.code), made.window.tape.storage_of(v.update.old)}


def _way(value: np.ndarray | None, judged: np.ndarray) -> float:
    """1 where the judged gradient is a value, -1 where it is its opposite, 0 where neither."""
    if value is None or value.shape != judged.shape:
        return 0.0
    return next((way for way in (1.0, -1.0) if np.allclose(way * value, judged, rtol=SAME, atol=0)), 0.0)


def _value(made: Judgement, code: int) -> np.ndarray | None:
    """What an operand held when it was made."""
    assert made.extraction is not None and made.recording is not None
    entry = made.window.tape.storage_born[made.window.tape.storage_of(code)]
    saved = made.recording.operands(entry)[1] if entry >= 0 and entry in made.recording.saved else None
    found = made.extraction.increments.load(code) if saved is None else saved
    return np.asarray(found, float) if np.asarray(found).dtype.kind in "fiub" else None


def _terms(made: Judgement, own: set[int], factor: float, code: int, links: int = MOST_LINKS) -> Iterator[Term]:
    """What an operand is the sum of, through sums and plain factors."""
    assert made.extraction is not None
    tape, rates = made.window.tape, made.extraction.rates
    entry = tape.storage_born[tape.storage_of(code)] if code & 3 != CONST else -1
    template, inputs, _ = tape.entry(max(entry, 0))
    if entry < 0 or tape.storage_of(code) in own or not links or len(inputs) > 2:
        yield factor, code
        return
    if template.fn in ADDITIONS | SUBTRACTIONS:
        yield from _terms(made, own, factor, inputs[0], links - 1)
        yield from _terms(made, own, -factor if template.fn in SUBTRACTIONS else factor, inputs[1], links - 1)
        return
    scaled = rates.factor(entry)
    arrays = [c for c in inputs if c & 3 != CONST and tape.shape_of(c) != ()]
    if scaled != 1.0 and len(arrays) == 1:
        yield from _terms(made, own, factor * scaled, arrays[0], links - 1)
    else:
        yield factor, code


def _leaves(made: Judgement, v: Version, code: int) -> set[int]:
    """The storages that a value is made from and that this step did not make; those of the parameter are one."""
    tape, window = made.window.tape, made.window
    target, own = tape.storage_of(code), _storages(made, v)
    entries = backward_slice(tape, {target}, v.update.entry, window.begin, window.barriers)
    made_here = {s for e in entries for s in tape.made(e)} - own
    inner = (e for e in entries if e not in window.barriers)  # an update of the parameter: what it added is behind it
    read = {tape.storage_of(c) for e in inner for c in tape.entry(e)[1] if c & 3 != CONST} | {target}
    return {s for s in read - made_here if tape.storage_layout[s] >= 0}


def _is_penalty(made: Judgement, v: Version, code: int) -> bool:
    """Whether a value is made from the parameter alone."""
    leaves = _leaves(made, v, code)
    return bool(leaves) and leaves <= _storages(made, v)


def _is_noise(made: Judgement, v: Version, code: int) -> bool:
    """Whether a value was drawn at random, and nothing else."""
    leaves = _leaves(made, v, code)
    return bool(leaves) and leaves <= made.window.tape.drawn
