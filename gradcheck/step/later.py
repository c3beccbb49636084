"""The accepted loss of the first step, evaluated in the second one where the search for losses did not get that far."""

from __future__ import annotations

from collections.abc import Iterator

from . import heads
from .evaluate import evaluate
from .heads import Head
from .hypotheses import Hypothesis
from .trials import Judgement, Trial, same_derivative

MOST_SIBLINGS = 6


def second_step(made: Judgement, t: Trial, own: list[Hypothesis], found: list[Head]) -> Trial | None:
    """The trial of the second step that is of the same loss as ``t``, of the first one; None where there is none."""
    trials = _by_head(made, t, found) if t.head is not None else _by_scalar(made, t, own)
    return next((o for o in trials if any(m.version.round_ == 1 for m in o.matches)), None)


def _by_head(made: Judgement, t: Trial, found: list[Head]) -> Iterator[Trial]:
    assert t.head is not None and made.recording is not None
    for head in found:
        if head.site == t.head.site and head.labels == t.head.labels and not head.mask & t.hypothesis.mask:
            seeds = heads.seeds(t.kind, head, made.recording)
            h = heads.hypothesis(head)
            trial = evaluate(made, h, list(seeds), made.recording, head.mask, t.kind) if seeds is not None else None
            if trial is not None:
                yield trial


def _by_scalar(made: Judgement, t: Trial, own: list[Hypothesis]) -> Iterator[Trial]:
    """A scalar that has the loss's own derivative in the first step, at the same place in the second one."""
    tape = made.window.tape
    near = [h for h in own if h.mask & t.hypothesis.mask and not h.on_path][:MOST_SIBLINGS]
    for h in near:
        later = [o for o in own if (o.site, o.label) == (h.site, h.label) and not o.mask & t.hypothesis.mask]
        here = evaluate(made, h, h.seeds(tape), made.recording, h.mask, t.kind) if later else None
        if here is not None and same_derivative(here, t):
            for o in later:
                trial = evaluate(made, o, o.seeds(tape), made.recording, o.mask, t.kind)
                if trial is not None:
                    yield trial
