"""The error that comes back from the next pass of a recurrence is not added.

The state of a recurrent net is read twice: by the output (or the gates) of its own pass, and by the next pass. Going
back in time, each pass has to add what the later one hands on: the `dh_next` of a hidden state, the `dc_next` of an
LSTM's cell. Without it the net learns only from what is one step away.

How it is proven: the value as computed is what comes back from the other uses; with the whole derivative in its place
in every pass of the recorded step, the gradients become exact.

How to mend it: add the carried error before anything else is made of it: `dc = dh * o * (1 - tanh(c)**2) + dc_next`.

Looks like it and is fine: truncated backpropagation, where the state is handed over without its history.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..diagnose import uses
from ..diagnose.places import mark
from ..diagnose.spot import Mend, Spot
from ..editing.edits import Repair
from ..editing.scene import Scene

SLUG = "recurrent-carry-missing"
SEVERITY = "error"
RANK = 65


def suppose(spot: Spot) -> Iterator[Mend]:
    """The whole derivative of a state that the next pass reads."""
    for whole in uses.wholes(spot):
        if whole.carried:
            state = spot.text_of(whole.entry)
            yield Mend(
                SLUG,
                tuple(whole.values),
                list(whole.values.values()),
                spot.place,
                "the error that the next pass of the recurrence hands back is not added here",
                "what comes back from the next pass is missing",
                [f"the derivative by {state} has another term: that of the next pass"],
                [mark(spot.sites[spot.tape.site_of(whole.entry)], "the next pass reads this state")],
                "the net learns only from what is one step away",
            )


def repairs(scene: Scene) -> Iterator[Repair]:
    """The marked value plus what the loop carries along: names that it sets again after this line."""
    loop = next(scene.source.above(scene.node, (ast.For, ast.While)), None)
    stored = [n for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)] if loop else []
    carried = [n.id for n in stored if n.lineno >= scene.node.lineno and _begins_before(scene, n.id, loop)]
    here = scene.text_of(scene.value)
    for text in dict.fromkeys([*carried, *scene.values[:8]]):
        yield scene.instead(f"{here} + {text}", scene.value)


def _begins_before(scene: Scene, name: str, loop: ast.stmt | None) -> bool:
    """Whether a name has a value before the loop begins."""
    nodes = (n for n in ast.walk(scene.room) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return loop is not None and any(n.id == name and n.lineno < loop.lineno for n in nodes)
