"""The standard losses, tried at the places where output meets target."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from . import candidates, heads
from .evaluate import evaluate
from .heads import Head
from .trials import Judgement, Trial
from .weighted import weighted

FEWEST = 2  # parameters that show a loss whose outputs have weights, where it does not explain all


def find(made: Judgement, trials: list[Trial]) -> None:
    """The trials of all kinds at all places, up to the first one that explains everything plainly."""
    window = made.window
    end = candidates.last_entry(r for p in made.parameters for r in p.rounds[:2])
    updating = {e for p in made.parameters for r in p.rounds for u in r for e in (*u.path, u.entry)}
    made.kept["heads"] = [*heads.label_heads(window, made.path, end), *heads.find(window, made.path - updating, end)]
    for head in made.kept["heads"]:
        for trial in _tried(made, head):
            trials.append(trial)
            if trial.full and trial.identified and trial.plain:
                return


def join(made: Judgement, trials: list[Trial]) -> None:
    """What one pass alone does not explain, because it is updated once for several, by all of these together."""
    for head in heads.joined(made.window, made.kept["heads"]):
        known = [t for t in trials if t.head is not None and t.head.site == head.site]
        for trial in _tried(made, head, {t.kind for t in known if t.identified}):
            if trial.full:
                for t in (t for t in known if t.kind == trial.kind):
                    t.matches = [m for m in t.matches if id(m.version.candidate) not in trial.matched]
                trials.append(trial)


def weigh(made: Judgement, trials: list[Trial]) -> None:
    """The first that explains everything where outputs have weights of their own; else the one that explains most."""
    found = made.kept["heads"]
    some: list[Trial] = []
    for head in weighted(made, [*heads.joined(made.window, found), *found]):
        for trial in _tried(made, head):
            if trial.identified and trial.full:
                trials.append(trial)
                return
            if trial.identified and len(trial.matched) >= FEWEST:
                some.append(trial)
    trials += sorted(some, key=lambda t: -len(t.matched))[:1]


def _tried(made: Judgement, head: Head, kinds: Collection[str] = heads.KINDS) -> Iterator[Trial]:
    """A trial of each kind of loss that makes sense for the values at a head."""
    assert made.recording is not None
    for kind in (k for k in heads.KINDS if k in kinds):
        seeds = heads.seeds(kind, head, made.recording)
        if seeds is None:
            continue
        trial = evaluate(made, heads.hypothesis(head), list(seeds), made.recording, head.mask, kind)
        if trial is not None:
            trial.head = head
            yield trial
