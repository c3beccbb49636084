"""The standard losses, tried at the places where output meets target."""

from __future__ import annotations

from . import candidates, heads
from .evaluate import evaluate
from .trials import Judgement, Trial
from .weighted import weighted

FEWEST = 2  # parameters that show a loss whose outputs have weights, where it does not explain all


def find(made: Judgement, trials: list[Trial]) -> None:
    """The trials of all kinds at all places, up to the first one that explains everything plainly."""
    assert made.recording is not None
    window = made.window
    end = candidates.last_entry(r for p in made.parameters for r in p.rounds[:2])
    updating = {e for p in made.parameters for r in p.rounds for u in r for e in (*u.path, u.entry)}
    made.kept["heads"] = [*heads.label_heads(window, made.path, end), *heads.find(window, made.path - updating, end)]
    for head in made.kept["heads"]:
        for kind in heads.KINDS:
            seeds = heads.seeds(kind, head, made.recording)
            if seeds is None:
                continue
            h = heads.hypothesis(head)
            trial = evaluate(made, h, list(seeds), made.recording, head.mask, kind)
            if trial is not None:
                trial.head = head
                trials.append(trial)
                if trial.full and trial.identified and trial.plain:
                    return


def join(made: Judgement, trials: list[Trial]) -> None:
    """What one pass alone does not explain, because it is updated once for several, by all of these together."""
    for head in heads.joined(made.window, made.kept["heads"]):
        for kind in heads.KINDS:
            seeds = heads.seeds(kind, head, made.recording)  # type: ignore[arg-type]
            alone = [t for t in trials if t.kind == kind and t.head is not None and t.head.site == head.site]
            if seeds is None or not any(t.identified for t in alone):
                continue
            trial = evaluate(made, heads.hypothesis(head), list(seeds), made.recording, head.mask, kind)
            if trial is not None and trial.full:
                trial.head = head
                for t in alone:
                    t.matches = [m for m in t.matches if id(m.version.candidate) not in trial.matched]
                trials.append(trial)


def weigh(made: Judgement, trials: list[Trial]) -> None:
    """The first that explains everything where outputs have weights of their own; else the one that explains most."""
    found = made.kept["heads"]
    some: list[Trial] = []
    for head in weighted(made, [*heads.joined(made.window, found), *found]):
        for kind in heads.KINDS:
            seeds = heads.seeds(kind, head, made.recording)  # type: ignore[arg-type]
            if seeds is None:
                continue
            trial = evaluate(made, heads.hypothesis(head), list(seeds), made.recording, head.mask, kind)
            if trial is not None and trial.identified and (trial.full or len(trial.matched) >= FEWEST):
                trial.head = head
                some.append(trial)
                if trial.full:
                    trials.append(trial)
                    return
    trials += sorted(some, key=lambda t: -len(t.matched))[:1]
