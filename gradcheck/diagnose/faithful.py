"""Whether the tape can be trusted in a judged window."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..record.core import Broken
from ..record.memory import Memory
from ..record.sources import Sources
from ..step.trials import Judgement
from ..tape import SCALAR, Tape


def fault(made: Judgement, tape: Tape, sources: Sources, broken: Iterable[Broken], memory: Memory) -> str:
    """Why it cannot: something was not recorded, or does not replay to the bit. Empty where it can."""
    for gap in broken:
        if gap.entry < made.window.end:
            return f"{sources.sites[gap.site].where} could not be recorded ({gap.reason})"
    if made.recording is None or memory.uninitialized or _narrow(tape):
        return ""
    state, objects = made.recording.state, memory.objects
    for number in made.recording.entries:
        if number < len(tape) and made.window.end > number:
            template, _, outputs = tape.entry(number)
            for code in outputs:
                storage = code >> 2
                known = code & 3 == SCALAR and storage < len(objects)
                if known and not _same(objects[storage], state.get(storage)):
                    return f"{sources.sites[template.site].where} does not replay to the bit"
    return ""


def _narrow(tape: Tape) -> bool:
    """Whether the script computes in float32: then the judged replay is not its own arithmetic."""
    return any(layout[2].itemsize < 8 for layout in tape.layouts if layout[2].kind == "f")


def _same(one: Any, other: Any) -> bool:
    return one is None or other is None or one == other or (one != one and other != other)
