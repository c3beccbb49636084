"""What a sweep over batch sizes compares from run to run: scales, what a row weighs, the start, the first rows."""

from __future__ import annotations

import zlib

import numpy as np

from ..results import Json
from ..step import batch
from ..step.trials import Judgement, Weight
from ..tape import Tape
from . import naming
from .jury import Verdict


def of(made: Judgement, verdicts: dict[int, Verdict], tape: Tape) -> Json | None:
    """The figures of one training; None where its batch size is not known. ``verdicts``: by id of the candidate."""
    size = made.batch_size
    if size is None or made.recording is None:
        return None
    starts = [np.asarray(made.recording.replay.load(made.window.base, c.region)) for c in made.parameters]
    return {
        "scales": _scales(made, verdicts, tape, size),
        "start": zlib.crc32(b"".join(np.ascontiguousarray(start).tobytes() for start in starts)),
        "rows": batch.fingerprint(made, made.trials[0], tape, size) if made.trials else [],
    }


def _scales(made: Judgement, verdicts: dict[int, Verdict], tape: Tape, size: int) -> Json:
    """By parameter, each under the loss that it was judged by: there may be several, with rows of their own weight."""
    weights: dict[int, Weight | None] = {}
    found: Json = {}
    for group in naming.groups(made.parameters):
        told = verdicts[id(group.members[0])]
        if told.match is None or told.trial is None or not told.match.exact or not told.match.unit:
            continue
        if id(told.trial) not in weights:
            weights[id(told.trial)] = batch.weight(made, told.trial, tape)
        weight = weights[id(told.trial)]
        found[group.name] = {
            "unit": told.match.unit,
            "rate": told.match.gradient.rate,
            "weight": weight.value if weight else None,
            "terms": weight.terms or size if weight else None,
        }
    return found
