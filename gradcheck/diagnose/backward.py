"""The backward pass as a table: the user's values on the way from the loss to each parameter, each beside the true
adjoint that it is nearest to.

A value is *right* when it is a multiple of an adjoint; the multiple is told (``scale``). It is *wrong* when it is none,
leads to none, and comes from a right one; the *first wrong* ones come from right ones alone. Factors and other values
that are no derivatives are left out.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..ops.arithmetic import SCALES
from ..record.sources import Sources
from ..results import BackwardRow
from ..step.flow import backward_slice
from ..step.trials import Judgement, Match, Trial
from ..tape import CONST, Tape
from .adjoints import Adjoints, Likeness, alike
from .code import Code
from .multiples import LARGEST
from .walk import MOST_ENTRIES, links

MOST_ROWS = 300
MOST_SINKS = 60
MOST_PASSES = 4  # of a loop that are told one by one
SIGNED_SCALES = SCALES | {operator.neg, np.negative}
NEAREST = 0.5  # cosine from which a wrong value is said to be near an adjoint
FLOOR = 1e-12


@dataclass(slots=True)
class Table:
    """The rows of one training, and the forward entries whose adjoint the user's backward pass holds."""

    rows: list[BackwardRow] = field(default_factory=list)
    matched: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Told:
    """A row before what belongs together is put together. ``named``: its value is assigned to something."""

    row: BackwardRow
    site: int
    named: bool
    sink: bool


class Backward:
    """Makes the table for one trial. ``code`` reads the source."""

    def __init__(self, tape: Tape, sources: Sources, made: Judgement, trial: Trial, code: Code) -> None:
        self.tape = tape
        self.sources = sources
        self.made = made
        self.trial = trial
        self.code = code
        self.truth = Adjoints(tape, sources, made, trial, code)

    def table(self, number: int, verdicts: dict[int, str]) -> Table:
        """The rows of training ``number``, in program order. ``verdicts``: what was told of each candidate, by id.

        Only what leads to a parameter that is told wrong can be wrong here.
        """
        path = self._path()
        found = {e: self._likeness(e) for e in path}
        found |= self._together([e for e in path if found[e] is None])
        right = {e for e, like in found.items() if like is not None and like.right}
        sinks, rates = self._sinks()
        told = {e: (m, verdicts.get(id(m.version.candidate), "")) for e, m in sinks.items()}
        # A gradient that another loss explains is that one's row.
        told = {e: (m, verdict) for e, (m, verdict) in told.items() if m.exact or not verdict.startswith("right")}
        wrong, first = self._departures(path, right, {e for e, (_, verdict) in told.items() if verdict == "wrong"})
        out = Table(matched={like.adjoint.entry for e, like in found.items() if like is not None and e in right})
        rows: list[_Told] = []
        for e in sorted({*right, *wrong, *told} - rates):
            verdict = "right" if e in right else "first wrong" if e in first else "wrong" if e in wrong else ""
            row = self._row(number, e, found.get(e), verdict)
            if e in told:
                row = self._sink_row(row, e, *told[e])
            site = self.tape.site_of(e)
            rows.append(_Told(row, site, self._is_named(e), e in told))
        kept = {(t.site, t.row.partner, t.row.verdict, tuple(t.row.shape)): t for t in reversed(_settled(rows))}
        out.rows = _folded(list(kept.values())[::-1])[:MOST_ROWS]
        return out

    # the user's values

    def _path(self) -> list[int]:
        """The entries of the backward pass: what the gradients depend on, beyond the forward pass."""
        extraction = self.made.extraction
        if extraction is None or not self.trial.matches:
            return []
        tape, window = self.tape, self.made.window
        targets = {tape.storage_of(m.gradient.code) for m in self.trial.matches}
        end = max(m.version.update.entry for m in self.trial.matches) + 1
        masks = extraction.masks.entry_masks
        found = backward_slice(tape, targets, end, window.begin, window.barriers)
        path = [e for e in found if e not in self.truth.forward and masks.get(e)]
        return path if len(path) <= MOST_ENTRIES else []

    def _value(self, number: int) -> Any:
        outputs = [c for c in self.tape.entry(number)[2] if c & 3 != CONST]
        return self.trial.recording.operands(number)[1] if len(outputs) == 1 else None

    def _likeness(self, number: int) -> Likeness | None:
        outputs = [c for c in self.tape.entry(number)[2] if c & 3 != CONST]
        if len(outputs) != 1 or math.prod(self.tape.shape_of(outputs[0])) not in self.truth.known:
            return None
        value = self._value(number)
        return self.truth.nearest(value) if np.size(value) > 1 else None

    def _together(self, entries: list[int]) -> dict[int, Likeness | None]:
        """The executions of one place as one array, where single numbers say nothing by themselves."""
        values = {e: np.asarray(v, float) for e in entries if (v := self._value(e)) is not None}
        out: dict[int, Likeness | None] = {}
        for group in alike(values, self.tape).values():
            size = values[group[0]].size * len(group)
            if len(group) > 1 and size in self.truth.known and size <= LARGEST:
                like = self.truth.nearest(np.stack([values[e] for e in group]))
                if like is not None and like.right:
                    out |= dict.fromkeys(group, like)
        return out

    def _departures(self, path: list[int], right: set[int], ends: set[int]) -> tuple[set[int], set[int]]:
        """The values that lead to the wrong ends, come from right ones and lead to none; and those of them that come
        from right ones alone.
        """
        if not ends:
            return set(), set()
        after, before = links(self.tape, path)
        reach = set(ends)
        for e in reversed(path):
            if e in reach:
                reach.update(before[e])
        leads: set[int] = set()
        for e in reversed(path):
            if any(c in right or c in leads for c in after[e]):
                leads.add(e)
        wrong: set[int] = set()
        first: set[int] = set()
        for e in path:
            if e in right or e in leads or e not in reach:
                continue
            outputs = self.tape.entry(e)[2]
            if len(outputs) != 1 or self.tape.shape_of(outputs[0]) == ():
                continue
            spoiled = any(b in wrong for b in before[e])
            if spoiled or any(b in right for b in before[e]):
                wrong.add(e)
                if not spoiled:
                    first.add(e)
        return wrong, first

    def _sinks(self) -> tuple[dict[int, Match], set[int]]:
        """The entries that make the judged gradients, and those that multiply one by a rate afterwards."""
        sinks: dict[int, Match] = {}
        rates: set[int] = set()
        if len(self.trial.matches) > MOST_SINKS:
            return sinks, rates
        for m in self.trial.matches:
            entry = self.tape.storage_born[self.tape.storage_of(m.gradient.code)]
            entry = entry if entry >= 0 else m.gradient.entry
            while (inner := self._unscaled(entry)) is not None and not self._is_named(entry):
                rates.add(entry)
                entry = inner
            sinks[entry] = m
        return sinks, rates

    def _is_named(self, entry: int) -> bool:
        return self.code.named(self.sources.sites[self.tape.site_of(entry)])

    def _unscaled(self, entry: int) -> int | None:
        """The entry whose result this one multiplies by a single number; None where it does anything else."""
        template, inputs, outputs = self.tape.entry(entry)
        if template.fn not in SIGNED_SCALES or len(inputs) > 2 or len(outputs) != 1:
            return None
        shape = self.tape.shape_of(outputs[0])
        arrays = [c for c in inputs if c & 3 != CONST and self.tape.shape_of(c) == shape != ()]
        if len(arrays) != 1 or any(c not in arrays and self.tape.shape_of(c) != () for c in inputs):
            return None
        born = self.tape.storage_born[self.tape.storage_of(arrays[0])]
        return born if born >= self.made.window.begin and self._value(born) is not None else None

    # rows

    def _row(self, number: int, entry: int, like: Likeness | None, verdict: str) -> BackwardRow:
        site = self.sources.sites[self.tape.site_of(entry)]
        outputs = self.tape.entry(entry)[2]
        near = like if like is not None and (like.right or abs(like.cosine) >= NEAREST) else None
        return BackwardRow(
            name=self.code.name(site),
            file=site.file,
            line=site.line,
            shape=list(self.tape.shape_of(outputs[0])) if len(outputs) else [],
            partner=self.truth.partner(near.adjoint) if near else "",
            scale=_figure(near.scale) if near else None,
            residual=_figure(near.residual) if near else None,
            cosine=round(near.cosine, 6) if near else None,
            verdict=verdict,
            training=number,
        )

    def _sink_row(self, row: BackwardRow, entry: int, m: Match, told: str) -> BackwardRow:
        """The row of a gradient that was judged, with the figures of the judgement."""
        c = m.comparison
        verdict = "right" if told.startswith("right") else "not judged"
        if told == "wrong":
            verdict = row.verdict if row.verdict == "first wrong" else "wrong"
        made = self.tape.templates[self.tape.entry_template[entry]].kind
        scale, cosine = c.scale, c.cosine
        if verdict == "not judged":
            return replace(
                row, partner=m.version.candidate.name, scale=None, residual=None, cosine=None, verdict=verdict
            )
        value = self._value(entry)
        if np.size(value) == m.truth.size and scale:  # freed of the rate
            like = _beside(np.asarray(value, float), m.truth)
            scale, cosine = like if like is not None else (scale, cosine)
        return replace(
            row,
            name=f"gradient of {m.version.candidate.name}" if made == "create" else row.name,
            shape=list(np.shape(m.gradient.value)),
            partner=m.version.candidate.name,
            scale=_figure(scale),
            residual=_figure(c.residual),
            cosine=None if cosine is None else round(cosine, 6),
            verdict=verdict,
        )


def _beside(u: np.ndarray, t: np.ndarray) -> tuple[float, float] | None:
    """Scale and cosine of u beside t, in the orientation that is nearer."""
    found = []
    for turned in {u.shape: u, u.shape[::-1]: u.T}.values():
        v, w = turned.ravel(), t.ravel()
        norms = float(np.linalg.norm(v)), float(np.linalg.norm(w))
        if all(0 < norm < np.inf for norm in norms):
            cosine = float((v / norms[0]) @ (w / norms[1]))
            found.append((cosine * norms[0] / norms[1], cosine))
    return max(found, key=lambda pair: abs(pair[1]), default=None)


def _settled(told: list[_Told]) -> list[_Told]:
    """Without the pieces of a statement that say the same as its value, and without rates times a gradient."""
    out: list[_Told] = []
    for t in told:
        while out and _same_line(out[-1].row, t.row) and not out[-1].named:
            last = out[-1]
            same = last.row.partner == t.row.partner and last.row.verdict == t.row.verdict
            if same and t.sink and not t.named:
                break
            wrong = last.row.verdict != "right" and t.row.verdict != "right" and t.named
            if not (same or wrong):
                break
            if last.row.verdict == "first wrong":
                t.row = replace(t.row, verdict="first wrong")
            out.pop()
        else:
            out.append(t)
            continue
        if not (same and t.sink and not t.named):
            out.append(t)
    return out


def _folded(told: list[_Told]) -> list[BackwardRow]:
    """The passes of a longer loop as one row each place, with the largest residual."""
    groups: dict[Any, list[BackwardRow]] = {}
    for t in told:
        base, found, _ = t.row.partner.rpartition(" (pass ")
        groups.setdefault((t.site, t.row.verdict, tuple(t.row.shape), base if found else t.row.partner), []).append(
            t.row
        )
    out = []
    for (_, _, _, base), rows in groups.items():
        if len(rows) <= MOST_PASSES:
            out += rows
            continue
        scales = {row.scale for row in rows}
        worst = max(rows, key=lambda row: row.residual or 0.0)
        scale = worst.scale if len(scales) == 1 else None
        out.append(replace(worst, partner=f"{base} ({len(rows)} passes)", scale=scale))
    return out


def _same_line(one: BackwardRow, other: BackwardRow) -> bool:
    return (one.file, one.line) == (other.file, other.line)


def _figure(value: float | None) -> float | None:
    if value is None or not np.isfinite(value):
        return None
    return 0.0 if abs(value) < FLOOR else float(f"{value:.10g}")


def merged(tables: Iterable[Table]) -> Table:
    """Several losses of one training as one table."""
    out = Table()
    for table in tables:
        known = {(row.file, row.line, row.name, row.partner) for row in out.rows}
        out.rows += [row for row in table.rows if (row.file, row.line, row.name, row.partner) not in known]
        out.matched |= table.matched
    return out
