"""Some gradients are averaged over the batch and others are summed.

Each gradient is exact, but their scales differ by the number of samples: one parameter then moves that many times
faster than the rest, and the ratio changes with the batch size.

How it is proven: the ratio of the two scales is the number of samples of the recorded step, to rounding.

How to mend it: divide once, at the error that all gradients are computed from, or in every one of them.

Looks like it and is fine: a learning rate of its own for each parameter, and clipping.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..diagnose import scales
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import Mistake, StepView
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Place, Scene
from ..editing.source import product
from ..ops import name_of
from ..results import Finding
from ..tape import CONST

SLUG = "batch-scale-inconsistent"
SEVERITY = "error"
RANK = 20
SAME = 1e-8
REDUCTIONS = ("sum", "mean", "average", "reduce", "einsum", "dot", "matmul")


def name(view: StepView, mistake: Mistake) -> Finding | None:
    """The finding where the scale differs from that of the others by the number of samples."""
    factor = mistake.factor
    if factor <= 0:
        return None
    samples = next(
        (b for b in _samples(view, mistake) if abs(factor / b - 1) < SAME or abs(factor * b - 1) < SAME), None
    )
    if samples is None:
        return None
    names = view.names([v.candidate for v in mistake.verdicts])
    what, rest = ("summed", "averaged") if factor > 1 else ("averaged", "summed")
    right = next((v for v in view.verdicts.values() if v.verdict.startswith("right") and v.match is not None), None)
    return finding_at(
        view.site(mistake.place),
        SLUG,
        "error",
        message=f"the gradient of {names[0]} is {what} over the {samples} samples while others are {rest}",
        label=f"{scales.as_text(factor)} times the scale of the others",
        parameter=names[0],
        parameters=names,
        related=[mark(view.site(right.candidate.rounds[0][-1].site), f"{right.candidate.name}: {rest}")]
        if right
        else [],
        proof=[f"exact but for the factor {scales.as_text(factor)}; the step has {samples} samples"],
        effect="the ratio of the steps changes with the batch size",
        evidence={"factor": factor, "samples": samples},
        training=view.number,
    )


def _samples(view: StepView, mistake: Mistake) -> list[int]:
    """Numbers that may count the samples: the known batch size, and the lengths of what the guilty place reduces."""
    found = [view.made.batch_size] if view.made.batch_size else []
    trial = mistake.first.trial
    if trial is None or _by_a_literal(view, mistake.entry):
        return found
    if mistake.entry >= 0 and name_of(view.tape.entry(mistake.entry)[0].fn).rpartition(".")[2] in REDUCTIONS:
        for value in trial.recording.operands(mistake.entry)[0]:
            found += list(getattr(value, "shape", ()))
    for code in trial.head.outputs[:1] if trial.head is not None else ():
        found += list(view.tape.shape_of(code))
    found.append(len(trial.hypothesis.entries))
    return [n for n in found if n > 1]


def _by_a_literal(view: StepView, entry: int) -> bool:
    """Whether the factor is a number that the source writes: then it counts nothing."""
    if entry < 0:
        return False
    template, inputs, _ = view.tape.entry(entry)
    scaled = name_of(template.fn).rpartition(".")[2] in ("mul", "truediv", "multiply", "divide")
    return scaled and any(c & 3 == CONST and isinstance(view.tape.constants[c >> 2], int | float) for c in inputs)


def repairs(scene: Scene) -> Iterator[Repair]:
    """A mean for a sum or the reverse, a division by the number of samples as the file writes it, at the marked place
    or in the update.
    """
    factor, samples = float(scene.finding.evidence["factor"]), scene.finding.evidence["samples"]
    here = scene.text_of(scene.value)
    other = ("sum", "mean") if factor > 1 else ("mean", "sum")
    for node in ast.walk(scene.value):
        if isinstance(node, ast.Call) and scene.called(node) == other[0]:
            function = scene.text_of(node.func).removesuffix(other[0]) + other[1]
            swapped = scene.instead(function, node.func)
            if factor < 1:
                yield swapped
    counts = [*scene.divisors, str(samples)]
    if factor < 1:
        for text, left in algebra.without_factors(scene):
            if len(left) == 1 and left[0] in counts:
                yield scene.instead(text, scene.value)
    for count in counts:
        yield scene.instead(f"{product(here)} / {count}" if factor > 1 else product(here, count), scene.value)
    right = scene.related(0)
    for update in _updates(scene, right) if right is not None else ():
        for count in counts:
            step = scene.text_of(update)
            yield scene.instead(f"{product(step)} / {count}" if factor > 1 else product(step, count), update)


def _updates(scene: Scene, right: Place) -> Iterator[ast.expr]:
    """What is added or subtracted in the parameter's update, where it stands beside another one's."""
    last = {name.rpartition(".")[2] for name in scene.finding.parameters}
    for statement in right.source.block(right.source.statement(right.node)):
        if isinstance(statement, ast.Assign | ast.AugAssign):
            target = statement.target if isinstance(statement, ast.AugAssign) else statement.targets[0]
            if right.source is scene.source and scene.text_of(target).rpartition(".")[2] in last:
                value = statement.value
                yield value.right if isinstance(statement, ast.Assign) and isinstance(value, ast.BinOp) else value
