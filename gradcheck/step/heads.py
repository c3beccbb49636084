"""Standard losses at the output layer, for scripts that compute no loss of their own.

A head is the place where a target (an array that no parameter reaches) first meets an output. The seeds are the losses'
derivatives with respect to the output p for target y: squared error p - y; binary cross-entropy (p - y) / (p (1 - p));
softmax cross-entropy -y / p (rows of p sum to one).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..ops.arithmetic import SCALES, SUBTRACTIONS, SUMS
from ..replay.adjoint import Recording
from ..replay.forward import Replay, State
from ..tape import CONST, Tape
from .hypotheses import Hypothesis
from .window import Window

MOST_HEADS = 8
MOST_JOINED = 64
MEETS = SUMS | SCALES


@dataclass(slots=True)
class Head:
    """The executions of one line where output meets target: operand codes of outputs, and of targets where
    there are any.
    """

    site: int
    entries: list[int]
    outputs: list[int]
    targets: list[int]  # for integer labels: what was gathered at them
    labels: bool = False
    mask: int = 0
    place: int = 0
    weights: list[np.ndarray] = field(default_factory=list)  # of each execution's outputs, where they have any

    def weight(self, number: int) -> np.ndarray | float:
        """What an execution's terms of the loss are multiplied by."""
        return self.weights[number] if self.weights else 1.0


def hypothesis(head: Head) -> Hypothesis:
    """The standard losses of a head, whichever: the sum over its outputs."""
    return Hypothesis(head.site, head.outputs, head.entries, False, head.mask, source="inferred")


def find(window: Window, path: set[int], end: int) -> list[Head]:
    """Places where an output meets a target, in program order."""
    tape = window.tape
    sites: dict[int, list[Head]] = {}
    for number in sorted(path):
        mask = window.masks.entry_masks.get(number, 0)
        if number >= end or not mask:
            continue
        template, inputs, _ = tape.entry(number)
        pair = None
        if template.kind == "op" and template.fn in MEETS and len(inputs) == 2:
            written = template.site in tape.literals and template.fn not in SUBTRACTIONS  # `1 + exp(-x)`: no target
            pair = None if written else _meeting(window, inputs[0], inputs[1])
        elif template.kind == "inplace" and template.fn in (operator.isub, operator.iadd):
            pair = _meeting(window, inputs[0], inputs[1])
        if pair is None:
            continue
        _add(window, sites, template.site, number, pair, mask, False)
    return [h for hs in sites.values() for h in hs][: 2 * MOST_HEADS]


def _add(
    window: Window, sites: dict[int, list[Head]], site: int, entry: int, pair: tuple[int, int], mask: int, labels: bool
) -> None:
    """Add an execution to the head of its line that is of the same step."""
    known = sites.setdefault(site, [])
    mask = window.latest(mask)
    place = window.pass_of(entry)
    head = next((h for h in known if h.place == place and window.compatible(h.mask, mask)), None)
    if head is None:
        head = Head(site, [], [], [], labels, place=place)
        known.append(head)
    head.entries.append(entry)
    head.outputs.append(pair[0])
    head.targets.append(pair[1])
    head.mask |= mask


def _meeting(window: Window, left: int, right: int) -> tuple[int, int] | None:
    tape = window.tape
    masks = [window.masks.of(left), window.masks.of(right)]
    if bool(masks[0]) == bool(masks[1]):
        return None
    output, target = (left, right) if masks[0] else (right, left)
    if target & 3 == CONST and type(tape.constants[target >> 2]) not in (int, np.ndarray):
        return None
    if target & 3 != CONST and window.masks.through_decisions().of(target):
        return None  # part of a gradient: which margins are violated
    a, b = tape.shape_of(output), tape.shape_of(target)
    if a != b and not (np.prod(a, dtype=int) == np.prod(b, dtype=int)) and b != ():
        return None
    if b == () and a != () and not _named(tape, target):
        return None
    return output, target


def _named(tape: Tape, code: int) -> bool:
    """A number that was read from data or bound to a name, not a literal in a formula."""
    return code & 3 != CONST and tape.storage_born[code >> 2] >= 0


def label_heads(window: Window, path: set[int], end: int) -> list[Head]:
    """``d[range(n), y] -= 1`` and its kin: a store of (entry - constant) into the output or a copy of it."""
    tape = window.tape
    sites: dict[int, list[Head]] = {}
    for number in sorted(path):
        template, inputs, _ = tape.entry(number)
        if number >= end or not template.writes:
            continue
        fancy = template.kind == "call" and template.fn is operator.setitem
        if not fancy and template.kind != "store":
            continue
        found = _gathered_less_one(window, inputs[-1])
        if found is None or tape.storage_of(found[0]) != tape.storage_of(inputs[0]):
            continue
        _add(window, sites, template.site, number, (inputs[0], found[1]), window.masks.of(found[1]), True)
    return [h for hs in sites.values() for h in hs][: 2 * MOST_HEADS]


def _gathered_less_one(window: Window, code: int) -> tuple[int, int] | None:
    """For ``array[...] - 1`` (or + 1): operand codes of the array and of what was gathered."""
    tape = window.tape
    storage = tape.storage_of(code)
    entry = tape.storage_born[storage] if storage >= 0 else -1
    if entry < 0:
        return None
    template, inputs, _ = tape.entry(entry)
    if template.fn not in (operator.sub, operator.add) or len(inputs) != 2:
        return None
    gathered = [c for c in inputs if window.masks.of(c)]
    if len(gathered) != 1:
        return None
    origin = tape.storage_born[tape.storage_of(gathered[0])]
    if origin < 0:
        return None
    gather, sources, _ = tape.entry(origin)
    return (sources[0], gathered[0]) if gather.kind == "element" or gather.fn is operator.getitem else None


def joined(window: Window, found: list[Head]) -> list[Head]:
    """The heads of one line in several passes, together, for what is updated once after all of these: a word's vector
    after its pairs, whose other halves are updated at each.
    """
    lines: dict[tuple[int, bool], list[Head]] = {}
    for head in found:
        lines.setdefault((head.site, head.labels), []).append(head)
    out: list[Head] = []
    for heads in lines.values():
        shared: dict[tuple[int, ...], int] = {}
        for bit in (1 << i for i in range(max(h.mask for h in heads).bit_length())):
            having = tuple(i for i, h in enumerate(heads) if h.mask & bit)
            shared[having] = shared.get(having, 0) | bit
        several = {having: mask for having, mask in shared.items() if 1 < len(having) <= MOST_JOINED}
        out += [_joined([heads[i] for i in having], mask) for having, mask in several.items()]
    return out


def _joined(heads: list[Head], mask: int) -> Head:
    whole = Head(heads[0].site, [], [], [], heads[0].labels, mask, heads[0].place)
    for head in heads:
        whole.entries += head.entries
        whole.outputs += head.outputs
        whole.targets += head.targets
    return whole


SOFTMAX = "softmax cross-entropy"
CROSS_ENTROPIES = (SOFTMAX, "binary cross-entropy")
KINDS = (*CROSS_ENTROPIES, "squared error")


def seeds(kind: str, head: Head, recording: Recording) -> list[tuple[int, int, np.ndarray]] | None:
    """Adjoint seeds (entry, operand code, value) of a standard loss; None where it makes no sense for the values."""
    out: list[tuple[int, int, np.ndarray]] = []
    for number, (entry, output, target) in enumerate(zip(head.entries, head.outputs, head.targets, strict=True)):
        g = (
            _label_seed(kind, head, recording, entry, target)
            if head.labels
            else _seed(kind, recording, entry, output, target)
        )
        if g is None:
            return None
        out.append((entry, output, g * head.weight(number)))
    return out


def _seed(kind: str, recording: Recording, entry: int, output: int, target: int) -> np.ndarray | None:
    codes = list(recording.replay.tape.entry(entry)[1])
    values, _ = recording.operands(entry)
    p = np.asarray(values[codes.index(output)], float)
    y = np.asarray(values[codes.index(target)], float)
    y = y.reshape(p.shape) if y.size == p.size else np.broadcast_to(y, p.shape)
    return _derivative(kind, p, y)


def _label_seed(kind: str, head: Head, recording: Recording, entry: int, gathered: int) -> np.ndarray | None:
    """-1/p at the labelled entries, zero elsewhere."""
    if kind != SOFTMAX:
        return None
    p = np.asarray(recording.replay.load(recording.state, gathered), float)
    if not (np.all(p > 0) and np.all(p <= 1)):
        return None
    tape = recording.replay.tape
    template, codes, _ = tape.entry(entry)
    if template.kind == "store":
        return -1.0 / p
    args, _ = recording.replay.arguments(recording.state, entry)
    g = np.zeros(tape.shape_of(codes[0]))
    g[args[1]] = -1.0 / p
    return g


def _derivative(kind: str, p: np.ndarray, y: np.ndarray) -> np.ndarray | None:
    if kind == "squared error":
        return np.asarray(p - y)
    if not (np.all(p > 0) and np.all(p < 1) and np.all(y >= 0) and np.all(y <= 1)):
        return None
    if kind == "binary cross-entropy":
        return np.asarray((p - y) / (p * (1 - p)))
    if p.size < 2 or not any(np.allclose(p.sum(axis=axis), 1.0, atol=1e-6) for axis in range(p.ndim)):
        return None
    return np.asarray(-y / p)


def value(kind: str, head: Head, number: int, replay: Replay, state: State) -> float:
    """One term of the standard loss, of what a replay has made up to the head's entry of that number."""
    tape = replay.tape
    entry, output = head.entries[number], head.outputs[number]
    p = np.asarray(replay.load(state, output), float)
    if head.labels:
        template, _, _ = tape.entry(entry)
        rows = ... if template.kind == "store" else replay.arguments(state, entry)[0][1]
        return -float(np.sum((np.log(p) * head.weight(number))[rows]))
    y = np.asarray(replay.load(state, head.targets[number]), float)
    terms = _terms(kind, p, y.reshape(p.shape) if y.size == p.size else np.broadcast_to(y, p.shape))
    return float(np.sum(terms * head.weight(number)))


def _terms(kind: str, p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The losses of the single outputs."""
    if kind == "squared error":
        return np.asarray(0.5 * np.square(p - y))
    if kind == "binary cross-entropy":
        return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)))
    return np.asarray(-(y * np.log(p)))


def recorded(kind: str, head: Head, seeds: list[tuple[int, int, Any]], recording: Recording) -> float:
    """The standard loss at the values of a recording, of which `seeds` are its derivatives."""
    total = 0.0
    for number, (entry, output, seed) in enumerate(seeds):
        weight = head.weight(number)
        if head.labels:  # the derivative of -log(p) is -1/p
            seed = np.divide(seed, weight, out=np.zeros_like(seed), where=np.asarray(weight != 0))
            total += float(np.sum(weight * np.log(-seed, where=seed != 0, out=np.zeros_like(seed))))
            continue
        codes = list(recording.replay.tape.entry(entry)[1])
        values, _ = recording.operands(entry)
        p = np.asarray(values[codes.index(output)], float)
        y = np.asarray(values[codes.index(head.targets[number])], float)
        terms = _terms(kind, p, y.reshape(p.shape) if y.size == p.size else np.broadcast_to(y, p.shape))
        total += float(np.sum(terms * weight))
    return total
