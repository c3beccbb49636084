"""What a page draws of a training: the backward pass as a table and the network as a graph."""

from __future__ import annotations

from collections.abc import Sequence

from ..record.sources import Sources
from ..results import BackwardRow, Json, Parameter
from ..step.trials import Judgement
from ..tape import Tape
from .backward import Backward, merged
from .code import Code
from .graph import Graph
from .jury import Jury
from .naming import groups

MOST_LOSSES = 3


def of(
    tape: Tape, sources: Sources, number: int, made: Judgement, parameters: Sequence[Parameter]
) -> tuple[list[BackwardRow], Json | None]:
    """Rows and graph of training ``number``; nothing where no loss was found to judge against."""
    trials = made.trials or Jury(tape).fallback(made)
    if not trials:
        return [], None
    code = Code()
    told = {p.name: p.verdict for p in parameters}
    verdicts = {id(c): told.get(g.name, "") for g in groups(made.parameters) for c in g.members}
    table = merged(Backward(tape, sources, made, t, code).table(number, verdicts) for t in trials[:MOST_LOSSES])
    graph = Graph(tape, sources, made, trials[0], code).build(parameters, table.matched)
    return table.rows, graph
