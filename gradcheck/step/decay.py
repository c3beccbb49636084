"""Weight decay that an update applies beside the gradient, without a penalty in the loss."""

from __future__ import annotations

import operator
from dataclasses import replace

import numpy as np

from ..ops import is_linear
from ..ops.arithmetic import SCALES
from ..replay.adjoint import Recording
from ..replay.forward import ReplayError
from ..replay.functions import known_as
from ..tape import CONST
from .compare import Comparison, compare, oriented
from .flow import backward_slice
from .gradient import Gradient
from .hypotheses import Hypothesis
from .trials import Judgement, Match, Trial, before, is_part, kin
from .window import Version

MOST_BACK = 2000  # entries before an update in which its decay is looked for
SAME = 1e-8
FEWEST = 5  # entries from which a sum of two multiples is told from chance


def decayed(
    made: Judgement, h: Hypothesis, v: Version, g: Gradient, t: np.ndarray, bound: np.ndarray
) -> tuple[Comparison, Gradient] | None:
    """The gradient without the decay c W, where it is k t + c W exactly and W shrinks by it.

    None where it is not, or where the loss holds a term of W alone: then the decay has to be its derivative.
    """
    if t.size < 2 or g.value.size != t.size or not np.any(t) or penalised(made, h, v):
        return None
    try:
        w = np.asarray(before(made, v), float)
    except ReplayError:
        return None
    u = oriented(g.value, t)
    if w.shape != t.shape or u.shape != t.shape or not np.any(w):
        return None
    basis = np.stack([np.ravel(t), np.ravel(w)], axis=1)
    (k, c), *_ = np.linalg.lstsq(basis, np.ravel(u), rcond=None)
    if not k or g.way * c >= 0 or t.size < FEWEST and not _is_written(made, v, w, abs(float(c)), g.rate):
        return None
    found = compare(u - c * w, t, bound, g.noise)
    return (found, replace(g, value=u - c * w, decay=float(c))) if found.agreement == "exact" else None


def _is_written(made: Judgement, v: Version, w: np.ndarray, c: float, rate: float) -> bool:
    """Whether the script computes c W, with or without the rate: a few numbers are a sum of any two multiples."""
    assert made.recording is not None
    tape = made.window.tape
    old = {tape.storage_of(v.code), tape.storage_of(v.update.old)}
    for number in range(max(0, v.update.entry - MOST_BACK), v.update.entry + 1):
        template, inputs, _ = tape.entry(number)
        read = [i for i in inputs if i & 3 != CONST and tape.storage_of(i) in old]
        if not read or number not in made.recording.saved:
            continue
        scale = _product(made.recording, number, w) if template.fn in SCALES else _shrunk(made.recording, number)
        if scale and any(abs(c / abs(scale * f) - 1) < SAME for f in (1.0, rate) if f):
            return True
    return False


def _product(recording: Recording, entry: int, w: np.ndarray) -> float | None:
    """The number times W that an entry makes; None where it makes something else."""
    value = np.asarray(recording.operands(entry)[1], float)
    return compare(value, w).scale if value.shape == w.shape and compare(value, w).exact else None


def _shrunk(recording: Recording, entry: int) -> float | None:
    """What ``W *= 1 - c`` takes of W; None where an entry does something else."""
    template, _, _ = recording.replay.tape.entry(entry)
    factor = recording.operands(entry)[0][-1] if template.fn is operator.imul else None
    return float(factor) - 1.0 if isinstance(factor, float | int) else None


def with_penalty(made: Judgement, chosen: list[Trial], considered: list[Trial]) -> list[Trial]:
    """The chosen loss, or the one that the script reports where that holds penalties on top which the gradients lack.

    A part of a reported loss explains the gradients; the whole has it for a term and explains the others but those of
    the penalised parameters.
    """
    if not chosen or chosen[0].hypothesis.source != "own":
        return chosen
    main = chosen[0]
    for whole in considered:
        if whole.hypothesis.source != "own" or whole.hypothesis.on_path or whole in chosen:
            continue
        if is_part(made.window.tape, made, main, whole) and _lacks_penalties(made, main, whole):
            return [whole, *(t for t in considered if t is not whole and kin(t) == kin(whole))]
    return chosen


def _lacks_penalties(made: Judgement, part: Trial, whole: Trial) -> bool:
    """Whether the whole adds to the part what is made from single parameters alone, which the gradients lack."""
    there = {id(m.version.candidate): m for m in whole.matches}
    if not all(id(m.version.candidate) in there and m.exact for m in part.matches):
        return False
    lacking = [m for m in part.matches if not there[id(m.version.candidate)].exact]
    return bool(lacking) and all(
        penalised(made, whole.hypothesis, m.version) and _shrinks(made, there[id(m.version.candidate)], m)
        for m in lacking
    )


def _shrinks(made: Judgement, whole: Match, part: Match) -> bool:
    """Whether the two true gradients differ by what pulls every entry of the parameter to zero, or from it."""
    gap = np.ravel(whole.truth - part.truth)
    w = np.ravel(np.asarray(before(made, part.version), float))
    return gap.size == w.size and bool(np.all(np.sign(gap) * np.sign(w) >= 0) or np.all(np.sign(gap) * np.sign(w) <= 0))


def penalised(made: Judgement, h: Hypothesis, v: Version) -> bool:
    """Whether the loss adds to the rest what is made from the parameter alone, in numbers, and is not linear in it."""
    tape, window = made.window.tape, made.window
    targets = {tape.storage_of(c) for c in h.codes}
    own = {tape.storage_of(v.code)}  # made from the parameter and settings
    bent: set[int] = set()  # of these, what is not linear in it
    for number in backward_slice(tape, targets, h.last, window.begin, window.barriers):
        template, inputs, outputs = tape.entry(number)
        read = {tape.storage_of(c): c for c in inputs if c & 3 != CONST}
        active = {s for s, c in read.items() if s in own or window.masks.of(c)}
        made_of = active & own
        numbers = {s for s, c in read.items() if tape.shape_of(c) == ()}
        if made_of != active:
            joins = template.kind != "op" or is_linear(known_as(template.fn))
            if joins and active & bent & numbers:
                return True
            continue
        if made_of and read.keys() <= own | numbers:
            results = {tape.storage_of(c) for c in outputs}
            own |= results
            several = sum(tape.storage_of(c) in own for c in inputs if c & 3 != CONST) > 1
            if active & bent or template.kind == "op" and (several or not is_linear(known_as(template.fn))):
                bent |= results
    return bool(targets & bent)
