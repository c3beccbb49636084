"""Optimiser state that is none: buffers of zeros that every step reads and in which nothing is ever stored."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..ops.arithmetic import PRODUCTS
from ..replay.adjoint import Recording
from ..replay.forward import ReplayError
from ..tape import CONST, Tape
from .candidates import Candidate
from .classify import chain_of, pass_of

LEAST_DECAY = 0.3


def idle_buffers(tape: Tape, recording: Recording, c: Candidate) -> Iterator[tuple[int, int]]:
    """For each buffer of zeros that the second step decays: the entry that does so, and the buffer's storage."""
    if len(c.rounds) < 2 or c.shape == () or c.step is None:
        return
    second = pass_of(c.rounds[1][0], c.step)
    since = second.entry if second is not None else len(tape)
    for storage in chain_of(tape, c.rounds[1], c.shape):
        entry = tape.storage_born[storage]
        if entry <= since or tape.entry(entry)[0].fn not in PRODUCTS:
            continue
        inputs = tape.entry(entry)[1]
        zeros = [code for code in inputs if tape.shape_of(code) == c.shape and _is_zero(tape, recording, code)]
        if zeros and any(_is_decay(recording, code) for code in inputs if tape.shape_of(code) == ()):
            yield entry, tape.storage_of(zeros[0])


def _is_decay(recording: Recording, code: int) -> bool:
    """Whether a number may be what a buffer keeps of itself: a penalty's or a rate's is smaller."""
    value = recording.replay.load(recording.state, code)
    return isinstance(value, int | float | np.number) and LEAST_DECAY < float(value) < 1.0


def _is_zero(tape: Tape, recording: Recording, code: int) -> bool:
    """Whether an array was made of zeros and never written."""
    storage = tape.storage_of(code) if code & 3 != CONST else -1
    born = tape.storage_born[storage] if storage >= 0 else -1
    if storage < 0 or storage in recording.written or (born >= 0 and tape.entry(born)[0].kind != "create"):
        return False
    try:
        return not np.any(recording.replay.load(recording.state, code))
    except ReplayError:
        return False
