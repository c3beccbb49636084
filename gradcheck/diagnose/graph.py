"""The network for drawing: what the loss is computed from, one node for each source line that the step passes.

Nodes are parameters, data and lines of the forward pass; a loop is unrolled while it stays small and folded into one
node a line ("times") beyond that. An edge carries the verdict on the derivative that goes back along it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..record.sources import Sources
from ..results import Json, Parameter
from ..step.flow import FLAT, backward_slice
from ..step.trials import Judgement, Trial
from ..tape import CONST, SCALAR, Tape
from .code import Code
from .naming import groups

UNROLLED = 36
FOLDED = 60
MOST_DATA = 8


class Graph:
    """Builds the graph of one trial."""

    def __init__(self, tape: Tape, sources: Sources, made: Judgement, trial: Trial, code: Code) -> None:
        self.tape = tape
        self.sources = sources
        self.made = made
        self.trial = trial
        self.code = code
        self.nodes: list[Json] = []
        self.edges: dict[tuple[int, int], Json] = {}
        self.maker: dict[int, int] = {}  # storage -> node
        self.holds: dict[int, set[int]] = {}  # node -> entries
        self.first: dict[int, int] = {}  # node -> the site that began it: how often it runs is how often the line does
        self.known: dict[Any, int] = {}  # key of a line or of data -> node

    def build(self, parameters: Sequence[Parameter], matched: set[int]) -> Json | None:
        """The graph, or None where it would be too large to read. ``matched``: entries whose adjoint is the user's."""
        window, h = self.made.window, self.trial.hypothesis
        targets = {self.tape.storage_of(c) for c in h.codes}
        entries = backward_slice(self.tape, targets, h.last, window.begin, window.barriers)
        active = [e for e in entries if window.masks.entry_masks.get(e)]
        keys = self._keys(active)
        if keys is None:
            return None
        self._parameters(parameters)
        for e in entries:
            if e in keys:
                self._enter(e, keys[e])
        self._loss()
        self._judge(matched)
        if not any(node["kind"] == "operation" or node["kind"] == "loss" for node in self.nodes):
            return None
        return {"nodes": self.nodes, "edges": list(self.edges.values())}

    def _keys(self, active: list[int]) -> dict[int, Any] | None:
        """Which node each entry belongs to: its visit of a line, else the line, else the function."""
        visits, number, last = {}, 0, None
        for e in active:
            site = self.sources.sites[self.tape.site_of(e)]
            if (site.file, site.line) != last:
                number, last = number + 1, (site.file, site.line)
            visits[e] = number
        if number <= UNROLLED:
            return visits
        lines = {e: self._line(e) for e in active}
        return lines if len(set(lines.values())) <= FOLDED else None

    def _line(self, entry: int) -> tuple[str, int]:
        site = self.sources.sites[self.tape.site_of(entry)]
        return site.file, site.line

    # nodes

    def _parameters(self, parameters: Sequence[Parameter]) -> None:
        told = {p.name: p for p in parameters}
        for group in groups(self.made.parameters):
            p = told.get(group.name)
            node = self._node(
                "parameter",
                name=group.name,
                shape=group.shape,
                verdict=p.verdict if p else "",
                line=p.line if p else None,
            )
            members = {id(c) for c in group.members}
            for v in self.made.window.versions:
                if id(v.candidate) in members:
                    self.maker.setdefault(self.tape.storage_of(v.code), node)

    def _node(self, kind: str, **rest: Any) -> int:
        self.nodes.append({"id": len(self.nodes), "kind": kind, **rest})
        return len(self.nodes) - 1

    def _enter(self, entry: int, key: Any) -> None:
        template, inputs, outputs = self.tape.entry(entry)
        site = self.sources.sites[template.site]
        node = self.known.get(("line", key))
        if node is None:
            text = self.code.line(site)
            node = self.known["line", key] = self._node(
                "operation", name=self.code.name(site), text=text, file=site.file, line=site.line, shape=[], times=0
            )
            self.first[node] = template.site
        self.nodes[node]["times"] += template.site == self.first[node]
        self.holds.setdefault(node, set()).add(entry)
        for place, code in enumerate(inputs):
            if code & 3 != CONST:
                source = self.maker.get(self.tape.storage_of(code))
                source = self._given(site, place, len(inputs), code) if source is None else source
                if source is not None and source != node:
                    self.edges.setdefault((source, node), {"source": source, "target": node})
        for code in self.tape.results(entry):
            self.maker[self.tape.storage_of(code)] = node
            self.nodes[node]["shape"] = list(self.tape.shape_of(code))

    def _given(self, site: Any, place: int, count: int, code: int) -> int | None:
        """The node of data: an array that no parameter goes into."""
        shape = list(self.tape.shape_of(code))
        if code & 3 == SCALAR or math.prod(shape) < 2:
            return None
        born = self.tape.storage_born[self.tape.storage_of(code)]
        if born >= 0:
            template, _, _ = self.tape.entry(born)
            if template.kind == "create" or template.fn in FLAT:
                return None
        name = self.code.operand(site, place, count)
        if not name and born >= 0:
            name = self.code.name(self.sources.sites[self.tape.site_of(born)])
        key = ("data", name or self.tape.storage_of(code))
        if key not in self.known:
            if sum(1 for k in self.known if k[0] == "data") >= MOST_DATA:
                return None
            self.known[key] = self._node("data", name=name or "data", shape=shape)
        return self.known[key]

    def _loss(self) -> None:
        h = self.trial.hypothesis
        ends = {self.maker[s] for s in (self.tape.storage_of(c) for c in h.codes) if s in self.maker}
        if h.source == "own" and len(ends) == 1:
            (end,) = ends
            if self.nodes[end]["kind"] == "operation":
                self.nodes[end]["kind"] = "loss"
                return
        site = self.sources.sites[h.site]
        text = self.trial.kind + (", inferred" if h.source != "own" else "")
        node = self._node("loss", name="loss", text=text, file=site.file, line=site.line, shape=[], times=1)
        for end in sorted(ends):
            self.edges[end, node] = {"source": end, "target": node}

    # verdicts

    def _judge(self, matched: set[int]) -> None:
        """An edge is right where the user's backward pass holds the derivative that goes back along it. It is wrong
        where it does not, all behind it is wrong and nothing nearer to the loss is still to come that is right.
        """
        behind = self._behind()
        known = {node for node, entries in self.holds.items() if entries & matched}
        passed = self._beyond(known)
        for (source, _), edge in self.edges.items():
            node = self.nodes[source]
            if node["kind"] == "parameter":
                edge["verdict"] = node["verdict"]
            elif source in known:
                edge["verdict"] = "right"
            elif behind[source] == {"wrong"} and source not in passed:
                edge["verdict"] = "wrong"

    def _beyond(self, known: set[int]) -> set[int]:
        """The nodes between the known ones and the loss."""
        out: set[int] = set()
        queue = list(known)
        while queue:
            node = queue.pop()
            onward = {target for source, target in self.edges if source == node} - out
            out |= onward
            queue += onward
        return out

    def _behind(self) -> dict[int, set[str]]:
        """For each node, the verdicts of the parameters that go into it."""
        out: dict[int, set[str]] = {node["id"]: set() for node in self.nodes}
        for node in self.nodes:
            if node["kind"] == "parameter":
                out[node["id"]] = {node["verdict"]}
        changed = True
        while changed:
            changed = False
            for source, target in self.edges:
                if not out[source] <= out[target]:
                    out[target] |= out[source]
                    changed = True
        return out
