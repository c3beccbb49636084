"""Where a gradient first leaves the truth: the first value of the backward pass that is wrong although what went in is
right.

The departure is the first value, in program order, that comes from one on the path or a share, is neither, and leads to
none that is; or a share that is taken for the whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ops import name_of
from ..replay.adjoint import Recording
from ..step.trials import Match
from ..tape import CONST
from .multiples import AGREES
from .walk import Trace, Walk, onward

PARTIAL = "what comes back from one use only, taken for the whole"
STACKING = frozenset(("concatenate", "stack", "hstack", "vstack", "dstack", "column_stack", "row_stack", "append"))
JOINING = frozenset(("add", "subtract", "sub", "neg", "reshape", "ravel", "copy", "sum", "T")) | STACKING


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a gradient leaves the truth: the source place, what to say there, and how user and truth differ."""

    site: int
    label: str
    structure: str
    sources: tuple[int, ...] = ()  # entries of the values, right in themselves, that went in
    entry: int = -1  # the entry that departs; -1 where all values are right up to the update
    trace: Trace | None = None


def first(walk: Walk, m: Match, recording: Recording | None = None) -> Departure | None:
    """The departure of one gradient; None where the walk cannot tell."""
    made = recording or walk.trial.recording
    trace = walk.trace(m, made)
    return None if trace is None else of_trace(walk, trace, m, made)


def of_trace(walk: Walk, trace: Trace, m: Match, made: Recording) -> Departure:
    """Where the values of a trace leave the truth; ``m`` is the gradient, or the first of several."""
    choices, comes = _departures(trace)
    part = _partial_end(trace) if not choices else -1
    if part >= 0:
        return Departure(walk.tape.site_of(part), PARTIAL, structure(m), (), part, trace)
    if not choices:
        return Departure(m.version.update.site, "the gradient is right up to here", structure(m), trace=trace)
    entry = next((e for e in choices if np.size(walk.value(e, made)) > 1), choices[0])
    entry = _part_of_stack(walk, trace, entry)
    label = "departs here: what goes in is right" if entry in comes else "not the derivative of the loss"
    part = _taken_for_whole(walk, trace, entry, made)
    if part >= 0:
        entry, label = part, PARTIAL
    else:
        entry = _of_known_size(walk, trace, entry)
    sources = tuple(p for p in trace.before[entry] if p in trace.on)
    return Departure(walk.tape.site_of(entry), label, structure(m), sources, entry, trace)


def _part_of_stack(walk: Walk, trace: Trace, entry: int) -> int:
    """Where values are put side by side, the one among them that is no adjoint; the entry where not just one is."""
    template, inputs, _ = walk.tape.entry(entry)
    if name_of(template.fn).rpartition(".")[2] not in STACKING:
        return entry
    makers = [[p for p in trace.before[entry] if walk.writes(p, c)][-1:] for c in inputs if c & 3 != CONST]
    off = [m[0] for m in makers if m and m[0] not in trace.on | trace.shares]
    return off[0] if len(off) == 1 else entry


def _of_known_size(walk: Walk, trace: Trace, entry: int) -> int:
    """The entry, or the first behind it that has the size of an adjoint: a padded value is on the way to one."""
    behind = onward(trace, entry)
    return next((e for e in behind if walk.may_be_adjoint(e) and e not in trace.on | trace.shares), entry)


def _taken_for_whole(walk: Walk, trace: Trace, entry: int, recording: Recording) -> int:
    """The entry that made or last wrote a share which an entry multiplies as if it were the adjoint; -1: none."""
    template, inputs, _ = walk.tape.entry(entry)
    if template.kind in ("store", "inplace", "call") or name_of(template.fn).rpartition(".")[2] in JOINING:
        return -1
    for code, value in zip(inputs, recording.operands(entry)[0], strict=True):
        if code & 3 != CONST and walk.is_share(value) and not walk.agrees(value):
            makers = [p for p in trace.before[entry] if walk.writes(p, code)]
            if makers:
                scaled = _taken_for_whole(walk, trace, makers[-1], recording)
                return scaled if scaled >= 0 else makers[-1]
    return -1


def _departures(trace: Trace) -> tuple[list[int], set[int]]:
    """Entries where the truth may be left, in program order, and those that come from a value on the path."""
    on = trace.on | trace.shares
    leads: set[int] = set()
    for e in reversed(trace.path):
        if any(c in on or c in leads for c in trace.after[e]):
            leads.add(e)
    comes: set[int] = set()
    for e in trace.path:
        if any(p in on or p in comes for p in trace.before[e]):
            comes.add(e)
    off = [e for e in trace.path if e not in on and e not in leads]
    return [e for e in off if e in comes or not on] or off, comes


def _partial_end(trace: Trace) -> int:
    """The entry that made a share which is handed on as the gradient, as it is or scaled; -1 where that is whole."""
    found = -1
    for e in reversed(trace.path):
        if not trace.after[e] or found in trace.after[e]:
            if e not in trace.shares:
                break
            found = e
    return found


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
