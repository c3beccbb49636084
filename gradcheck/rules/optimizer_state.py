"""The optimiser's own arithmetic is not that of any published recurrence.

The gradient is right, and what is made of it is not: a buffer that is read and never stored, one that two parameters
share, a running mean whose weights do not add up to one, a bias correction with the decay of another buffer, a
momentum that grows by itself, a missing root.

How it is proven: two recorded steps are replayed with other gradients in the place of the script's, and the buffers'
decay, weight and power are read off in every entry; sharing and forgetting are read off the tape.

How to mend it: compare with the published form: `v = mu * v + g; w -= rate * v` (momentum), `s = rho * s + (1 - rho) *
g**2; w -= rate * g / (sqrt(s) + eps)` (RMSprop), and for Adam `m / (1 - beta1**t)`, `v / (1 - beta2**t)` with t = 1 in
the first step.

Looks like it and is fine: buffers that are made in the first step, dampened or quasi-hyperbolic momentum, decoupled
weight decay. A step that is divided by the mean square without its root is told as a warning: it is a natural gradient
in other people's code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..diagnose import optimizer
from ..diagnose.jury import Verdict
from ..diagnose.optimizer import NEAR, SAME, Optimiser
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..editing import algebra
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding, Span

SLUG = "optimizer-state"
SEVERITY = "error"
RANK = 75


@dataclass(frozen=True, slots=True)
class _Fact:
    """What is wrong with one parameter's optimiser, and where."""

    site: int
    verdict: Verdict
    message: str
    label: str
    proof: str
    effect: str = "the steps are not what the optimiser's name promises; the gradients are right"
    related: tuple[Span, ...] = ()


def check(view: StepView) -> Iterator[Finding]:
    """One finding for each function and kind of mistake, with all the parameters that pass it."""
    told: dict[tuple[str, str], list[_Fact]] = {}
    for fact in _facts(view):
        told.setdefault((view.site(fact.site).function, fact.label), []).append(fact)
    for facts in told.values():
        yield _finding(view, facts)
    yield from _degrees(view)


def _facts(view: StepView) -> Iterator[_Fact]:
    yield from _idle(view)
    yield from _foreign(view)
    for o in view.once(optimizer.optimisers):
        yield from _weights(o)
        yield from _corrections(view, o)
        yield from _carried(o)


def _idle(view: StepView) -> Iterator[_Fact]:
    for i in optimizer.idle(view):
        yield _Fact(
            view.tape.site_of(i.entry),
            i.verdict,
            f"the optimiser's buffer is {'made anew in every step' if i.fresh else 'never stored'}: it is always zero",
            "zeros, in the second step as well",
            "the second step reads zeros again, not what the first step made",
            "there is no memory of earlier gradients: the steps are not what the optimiser's name promises",
        )


def _foreign(view: StepView) -> Iterator[_Fact]:
    for f in optimizer.foreign(view):
        (name,), (other,) = view.names([f.verdict.candidate]), view.names([f.other.candidate])
        yield _Fact(
            f.alias if f.alias >= 0 else view.tape.site_of(f.entry),
            f.verdict,
            f"the buffer of {name} holds the gradient of {other}",
            "one buffer for two parameters",
            f"each entry of this step depends on the gradient of {other}, by way of a buffer",
            "each parameter is pushed by the other's gradients",
            (mark(view.site(f.other.candidate.rounds[0][-1].site), f"the update of {other}"),),
        )


def _weights(o: Optimiser) -> Iterator[_Fact]:
    for m in o.memories:
        total = m.decay + m.weight
        if m.power == 2 and m.alone and 0 < m.decay < 1 and abs(total - 1) > SAME and abs(m.weight - 1) > SAME:
            yield _Fact(
                m.site,
                o.verdict,
                "the weights of this running mean of squares do not add up to one",
                f"{m.decay:.6g} of the old, {m.weight:.6g} of the new",
                f"of squares that stay the same it tends to {m.weight / (1 - m.decay):.4g} times their value",
            )


def _corrections(view: StepView, o: Optimiser) -> Iterator[_Fact]:
    for c in optimizer.corrections(view, o):
        if abs(c.base - c.memory.decay) > SAME:
            decay = f"{c.memory.decay:.6g}"
            yield _Fact(
                view.tape.site_of(c.entry),
                o.verdict,
                "the bias correction uses another decay than the buffer that it corrects",
                f"1 - {c.base:.6g}**t, for a decay of {decay}",
                f"after t steps the weights of a mean with decay {decay} add up to 1 - {decay}**t",
            )


def _carried(o: Optimiser) -> Iterator[_Fact]:
    if o.carried is None or len(o.memories) != 1 or o.memories[0].power != 1:
        return
    memory = o.memories[0]
    decay = memory.decay * memory.first / memory.weight
    if o.carried < -SAME or (0 <= memory.decay < 1 and o.carried > decay * (1 + SAME)):
        yield _Fact(
            o.update,
            o.verdict,
            f"the momentum carries a step {'backwards' if o.carried < 0 else 'further than its decay allows'}",
            "a term has the wrong sign or is missing",
            f"a gradient moves the next step by {o.carried:.6g} of what that one's own does; the decay is {decay:.6g}",
        )


def _finding(view: StepView, facts: list[_Fact]) -> Finding:
    first, names = facts[0], view.names([f.verdict.candidate for f in facts])
    return finding_at(
        view.site(first.site),
        SLUG,
        "error",
        message=first.message,
        label=first.label,
        parameter=names[0],
        parameters=names,
        related=list(first.related),
        proof=[first.proof, "read off two recorded steps, the same in every entry"],
        effect=first.effect,
        training=view.number,
    )


def _degrees(view: StepView) -> Iterator[Finding]:
    found: dict[tuple[int, float], list[Optimiser]] = {}
    for o in view.once(optimizer.optimisers):
        if o.degree is not None and min(abs(o.degree - d) for d in (0.0, 1.0)) > NEAR:
            found.setdefault((o.update, round(o.degree, 1)), []).append(o)
    for (site, degree), those in found.items():
        names = view.names([o.verdict.candidate for o in those])
        longer = optimizer.LAMBDA
        yield finding_at(
            view.site(site),
            SLUG,
            "warning",
            message=f"the steps go with the gradient's length to the power {degree:g}: a root or a square is missing",
            label="published steps have the power 0 or 1",
            parameter=names[0],
            parameters=names,
            proof=[f"a gradient {longer:g} times as long makes a step {longer**degree:.4g} times as long"],
            effect="where gradients are small the steps are large, or the reverse",
            fine_if="the division by the mean square is meant, as in a natural gradient",
            evidence={"power": degree},
            training=view.number,
        )


def repairs(scene: Scene) -> Iterator[Repair]:
    """A buffer for each name; the new state kept; the decay that the state itself has, and no power of it."""
    statement = scene.statement
    if isinstance(statement, ast.Assign) and len(statement.targets) > 1:
        names = ", ".join(map(scene.text_of, statement.targets))
        value = scene.text_of(statement.value)
        yield scene.instead(f"{names} = {', '.join([value] * len(statement.targets))}", statement)
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Subscript):
        target = statement.targets[0]
        for leaf in scene.leaves(scene.node):
            same = isinstance(leaf, ast.Subscript) and scene.text_of(leaf.slice) == scene.text_of(target.slice)
            if same and _factor(scene, statement.value, scene.text_of(leaf)):
                yield (scene.source.line_after(statement, f"{scene.text_of(leaf)} = {scene.text_of(target)}"),)
    for node in (n for n in ast.walk(scene.node) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)):
        yield from _decays(scene, node)


def _decays(scene: Scene, power: ast.BinOp) -> Iterator[Repair]:
    """The decay of the state that is read, in a power; the decay alone for a constant power of it."""
    base = scene.text_of(power.left)
    for leaf in scene.leaves(scene.node):
        made = algebra.definition(scene, scene.text_of(leaf))
        decay = _factor(scene, made.value, scene.text_of(leaf)) if made is not None else ""
        if decay and decay != base:
            yield scene.instead(decay, power.left)
        alone = _factor(scene, scene.value, scene.text_of(leaf)) == base
        if alone and isinstance(power.right, ast.Constant):
            yield scene.instead(base, power)


def _factor(scene: Scene, value: ast.expr, state: str) -> str:
    """What a state is multiplied by in an expression; empty where it is not."""
    for node in ast.walk(value):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            left, right = scene.text_of(node.left), scene.text_of(node.right)
            if state in (left, right):
                return left if right == state else right
    return ""
