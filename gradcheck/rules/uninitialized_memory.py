"""A gradient is computed from memory that was reserved and never written.

`np.empty` and its kin reserve memory and put nothing in it: what is read there is whatever the allocator left, often
zeros, sometimes the remains of other arrays. The tape knows which operations write which parts of each such array; a
read of a part that nobody wrote, by an operation whose result reaches a parameter, is this mistake. Nothing is
poisoned in the run.

How to mend it: write every part before it is read (often a loop begins at 1 where it should begin at 0), or use
`np.zeros`.

Looks like it and is fine: an `np.empty` array that is filled piece by piece before it is read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..diagnose.memory import Hit
from ..diagnose.places import finding_at, mark
from ..diagnose.stepview import StepView
from ..editing.edits import Repair
from ..editing.scene import Scene
from ..results import Finding

SLUG = "uninitialized-memory"
SEVERITY = "error"
RANK = 0


def check(view: StepView) -> Iterator[Finding]:
    """One finding for each place that reads unwritten memory."""
    places: dict[int, list[Hit]] = {}
    for hit in view.unwritten:
        places.setdefault(view.tape.site_of(hit.entry), []).append(hit)
    for place, found in places.items():
        yield _finding(view, place, found)


def _finding(view: StepView, place: int, found: list[Hit]) -> Finding:
    hit = found[0]
    names = list(dict.fromkeys(c.name for h in found for c in h.candidates))
    return finding_at(
        view.site(place),
        SLUG,
        "error",
        message=f"the gradient of {names[0]} is computed from memory nobody wrote",
        label="reads values that were never assigned",
        parameter=names[0],
        parameters=names,
        related=[mark(view.site_of(view.tape.storage_born[hit.storage]), "reserves memory, puts nothing in it")],
        proof=[f"{hit.unwritten:,} of the {hit.read:,} values read here were never assigned"],
        effect="the numbers are whatever the allocator left there: often zeros, sometimes old data",
        evidence={"unwritten": hit.unwritten, "read": hit.read},
        training=view.number,
    )


def repairs(scene: Scene) -> Iterator[Repair]:
    """Zeros where memory was reserved only; loops that begin or end one pass further."""
    reserved = scene.related(0)
    if reserved is not None and isinstance(reserved.node, ast.Call):
        function = reserved.source.source(reserved.node.func)
        yield (reserved.source.edit(reserved.node.func, function.replace("empty", "zeros")),)
    room = reserved.source.function(reserved.node) if reserved is not None else None
    places = [(scene.source, scene.room), *([(reserved.source, room)] if reserved is not None and room else [])]
    for source, around in places:
        for node in ast.walk(around):
            if isinstance(node, ast.Call) and scene.called(node) == "range":
                for i, bound in enumerate(node.args[:2]):
                    text = source.source(bound)
                    number = bound.value if isinstance(bound, ast.Constant) else None
                    for by in (-1, 1):
                        moved = str(number + by) if isinstance(number, int) else f"{text} {'-+'[by > 0]} 1"
                        yield (source.edit(node.args[i], moved),)
