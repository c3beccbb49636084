"""Each input is trained with the target of another sample.

Inputs and targets are two arrays with one row for each sample. When one of them passes a permutation, or another
permutation than the other, row i of a minibatch's inputs no longer belongs to row i of its targets. Every gradient is
right for the pair it was given, so no gradient check can see it; the network learns that targets do not depend on
inputs.

How it is proven: the rows of both sides of each recorded step are followed back, through slices, gathers, permutations
and copies, to arrays that were complete at the same time and have the same number of rows. No row of a minibatch meets
its own target.

How to mend it: take the rows of both through one permutation: `X[order[a:b]]` with `y[order[a:b]]`.

Looks like it and is fine: next tokens and forecasts (the rows differ by a constant shift), windows, triplets and
negatives (one array, or one that meets its own rows as well), mixup (rows of both orders are added).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding, Fix, Span
from ..step.chains import Chain
from ..step.pairing import Pairing, pairing, picked_at
from ..step.rows import Key, Place, Rows

SLUG = "mispaired-samples"
SEVERITY = "error"
RANK = 20
FEWEST_ROWS = 4
CHANCE = 0.1  # share of rows that may meet their own by accident, over all steps


@dataclass(slots=True)
class Pairs:
    """One input place against one target place, in all steps where they can be compared."""

    left: tuple[Place, Key]
    right: tuple[Place, Key]
    found: list[tuple[Chain, Chain, Pairing]]

    @property
    def share(self) -> float:
        """Part of all rows that meet their own."""
        rows = sum(len(p.left.ids) for _, _, p in self.found)
        return sum(p.share * len(p.left.ids) for _, _, p in self.found) / rows if rows else 1.0

    @property
    def rows(self) -> int:
        """Rows compared."""
        return sum(len(p.left.ids) for _, _, p in self.found)


def check(view: StepView) -> Iterator[Finding]:
    """A finding for the first target whose rows meet those of no input."""
    rows = view.made.rows
    if rows is None or len(rows.steps) < 1:
        return
    targets: dict[int, list[Pairs]] = {}
    for pairs in _pairs(view, rows):
        targets.setdefault(pairs.right[1][0], []).append(pairs)
    for every in targets.values():
        best = max(every, key=lambda p: p.share)
        if best.rows < FEWEST_ROWS or best.share > 0.5 or any(_shifted(p) for p in every):
            continue
        moved = _moved_alone(best)
        if moved is None:
            continue
        severity = "error" if best.share <= CHANCE and any(p.share == 0 for _, _, p in best.found) else "warning"
        yield _finding(view, rows, best, moved, severity)
        return


def _pairs(view: StepView, rows: Rows) -> Iterator[Pairs]:
    inputs = [p for p in rows.places if not p.target]
    for target in rows.targets:
        for place in (p for p in inputs if not _picks(view, p, target)):
            for left in _keys(place):
                for right in _keys(target):
                    found = _compared(rows, (place, left), (target, right))
                    if found:
                        yield Pairs((place, left), (target, right), found)


def _picks(view: StepView, place: Place, target: Place) -> bool:
    """Whether an input is the very list of row numbers by which the target was picked: an index, no data."""
    recording = view.made.recording
    assert recording is not None
    value = np.asarray(recording.operands(place.entry)[0][place.position])
    picked = [target.chain(0, key) for key in _keys(target)] if value.dtype.kind in "iu" else []
    return any(chain is not None and np.array_equal(np.ravel(value), chain.origin.ids) for chain in picked)


def _keys(place: Place) -> list[Key]:
    return list(dict.fromkeys(k for chains in place.chains for k in chains))


def _compared(rows: Rows, inputs: tuple[Place, Key], targets: tuple[Place, Key]) -> list[tuple[Chain, Chain, Pairing]]:
    """The steps in which the two sides read two arrays that can be compared."""
    out = []
    for n in range(len(rows.steps)):
        ours, theirs = inputs[0].chain(n, inputs[1]), targets[0].chain(n, targets[1])
        if ours is not None and theirs is not None and rows.apart(theirs, n):
            found = pairing(ours, theirs)
            if found is not None:
                out.append((ours, theirs, found))
    return out


def _shifted(pairs: Pairs) -> bool:
    """Whether rows differ by one number in every step: a next token, a forecast."""
    return all(np.unique(p.left.ids - p.right.ids).size == 1 for _, _, p in pairs.found)


def _moved_alone(pairs: Pairs) -> str | None:
    """The side ("left" or "right") that went through a permutation that the other one did not."""
    for ours, theirs, found in pairs.found:
        after = max(found.left.time, found.right.time)
        one = [order for entry, order in ours.moves if entry < 0 or entry > after]
        other = [order for entry, order in theirs.moves if entry < 0 or entry > after]
        if any(not _among(order, one) for order in other):
            return "right"
        if any(not _among(order, other) for order in one):
            return "left"
    return None


def _among(order: np.ndarray, others: list[np.ndarray]) -> bool:
    return any(np.array_equal(order, o) for o in others)


def _finding(view: StepView, rows: Rows, pairs: Pairs, moved: str, severity: str) -> Finding:
    _, _, found = min(pairs.found, key=lambda f: f[2].share)
    inputs, targets = (picked_at(rows, *side) for side in (pairs.left, pairs.right))
    wrong = sum(round((1 - p.share) * len(p.left.ids)) for _, _, p in pairs.found)
    kind = "permuted" if moved == "right" else "other"
    return finding_at(
        view.site(inputs),
        SLUG,
        severity,  # type: ignore[arg-type]
        message="each input is trained with the target of another sample",
        label=f"rows {_some(found.left.ids)}",
        parameters=view.names(view.made.parameters),
        related=[mark(view.site(targets), f"rows {_some(found.right.ids)}"), *_where_moved(view, pairs, moved)],
        proof=[
            f"followed back to the data, the inputs are rows {_some(found.left.ids)} and their targets rows "
            f"{_some(found.right.ids)} ({kind} order)",
            f"{wrong:,} of the {pairs.rows:,} recorded pairs do not belong together",
        ],
        effect="the network learns that targets are independent of inputs; every gradient is right for the pair it "
        "was given, so no gradient check can see this",
        evidence={"pairs": pairs.rows, "mispaired": wrong},
        fix=Fix("take the rows of inputs and targets through one and the same permutation"),
        training=view.number,
    )


def _where_moved(view: StepView, pairs: Pairs, moved: str) -> list[Span]:
    """The place where one side was put into another order."""
    for ours, theirs, found in pairs.found:
        chain, other = (theirs, ours) if moved == "right" else (ours, theirs)
        after = max(found.left.time, found.right.time)
        orders = [order for entry, order in other.moves if entry < 0 or entry > after]
        for entry, order in chain.moves:
            if entry > after and not _among(order, orders):
                return [mark(view.site_of(entry), "puts one side alone into another order")]
    return []


def _some(ids: np.ndarray) -> str:
    shown = ", ".join(str(int(i)) for i in ids[:4])
    return shown + (", ..." if len(ids) > 4 else "")


def repairs(scene: Scene) -> Iterator[Repair]:
    """The array that was put into the same order; one draw for both; one permutation for two shuffles."""
    side, ordering = scene.related(0), scene.related(1)
    if isinstance(scene.node, ast.Subscript):
        beside = scene.source.block(scene.source.statement(ordering.node)) if ordering is not None else []
        order = ordering.source.source(getattr(ordering.node, "slice", ordering.node)) if ordering is not None else ""
        taken = [s for s in beside if isinstance(s, ast.Assign) and f"[{order}]" in scene.text_of(s.value)]
        made = [t for s in taken for t in s.targets]
        names = [scene.text_of(e) for t in made for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
        for name in names:
            if name != scene.text_of(scene.node.value):
                yield scene.instead(name, scene.node.value)
    if side is not None and isinstance(scene.node, ast.Subscript) and isinstance(side.node, ast.Subscript):
        drawn = [n for n in ast.walk(scene.node.slice) if isinstance(n, ast.Call)]
        other = [n for n in ast.walk(side.node.slice) if isinstance(n, ast.Call)]
        if drawn and other and scene.text_of(drawn[0]) == side.source.source(other[0]):
            name = algebra.fresh_name(scene, "rows")
            same = (side.source.edit(other[0], name),)
            line = scene.source.line_before(scene.statement, f"{name} = {scene.text_of(drawn[0])}")
            yield (line, *scene.instead(name, drawn[0]), *same)
    if ordering is not None and ordering.source is scene.source:
        yield from _one_order(scene, ordering.source.statement(ordering.node))


def _one_order(scene: Scene, second: ast.stmt) -> Iterator[Repair]:
    """Two arrays that are shuffled one after the other, taken through one permutation."""
    shuffles = [s for s in scene.source.block(second) if isinstance(s, ast.Expr) and scene.called(s.value) == "shuffle"]
    calls = [s.value for s in shuffles if isinstance(s.value, ast.Call) and isinstance(s.value.func, ast.Attribute)]
    if len(calls) != 2 or second not in shuffles:
        return
    (one, other), name = (scene.text_of(c.args[0]) for c in calls), algebra.fresh_name(scene, "order")
    drawn = scene.text_of(calls[0].func).removesuffix("shuffle") + f"permutation(len({one}))"
    line = scene.source.line_before(shuffles[0], f"{name} = {drawn}")
    first = scene.instead(f"{one}[:] = {one}[{name}]", shuffles[0])
    yield (line, *first, *scene.instead(f"{other}[:] = {other}[{name}]", shuffles[1]))
