"""What the parts of the recorder share: its state, and what happens when recording itself fails."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..tape import Tape
from .entries import Entries
from .events import Locations
from .loops import Activation, Loops
from .memory import ARRAY, NUMBER, Memory, kind_of
from .sources import Sources

if TYPE_CHECKING:
    from .calls import Calls
    from .functions import Functions


@dataclass(frozen=True, slots=True)
class Broken:
    """A place where recording failed: nothing after ``entry`` that depends on it can be trusted."""

    site: int
    entry: int
    reason: str


class Core:
    """State of one recorder. The user's operation runs outside of every ``try`` here; the recording of it inside."""

    functions: Functions
    calls: Calls
    armed: Any = None

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.armed = False
        self.tape = Tape()
        self.tape.literals = sources.literals
        self.memory = Memory(self.tape)
        self.entries = Entries(self.tape, self.memory)
        self.locations = Locations(self.tape)
        self.loops = Loops(self.tape, self.locations, lambda: self.entries.work, self._training_ended)
        self.loops.failed = self.broke
        self.loops.periodic = sources.periodic
        self.on_training_end: Callable[[Activation], None] | None = None
        self.listed: set[int] = set()  # storages of numbers that have a list slot of their own
        self.bound: dict[Any, Any] = {}  # location -> the list, tuple or dict last bound to it
        self.numbered: dict[int, tuple[Callable[[], Any], int]] = {}  # id of an object -> its own number
        self.unused = itertools.count(1)
        self.broken: dict[int, Broken] = {}  # site -> the first failure there

    def broke(self, site: int, error: Exception, *values: Any) -> None:
        """Recording failed at ``site``: note it, and take the arrays among ``values`` as they are now."""
        try:
            self.broken.setdefault(site, Broken(site, len(self.tape), f"{type(error).__name__}: {error}"))
            self._adopt_orphans(values)
            for value in values:
                if kind_of(type(value)) == ARRAY and self.memory.known(value):
                    self.entries.set_constant(site, value)
        except Exception:  # the user's own recursion is at its end, or the memory is
            return

    def _adopt_orphans(self, values: tuple[Any, ...]) -> None:
        """Storages that were made for an entry that was never written become leaves."""
        tape, memory = self.tape, self.memory
        born = tape.storage_born
        while len(memory.objects) < len(born):
            memory.objects.append(None)
        for storage in range(len(born) - 1, -1, -1):
            if born[storage] < 0:
                continue
            if born[storage] < len(tape):
                return
            born[storage] = -1
            value = memory.objects[storage] if tape.storage_layout[storage] < 0 else memory.live(storage)
            if value is not None:
                tape.leaves[storage] = value if kind_of(type(value)) == NUMBER else np.array(value, order="K")

    def one_thread_only(self) -> None:
        """The script uses threads: from now on only the main one is heard."""
        if type(self).armed is None:
            self.__class__ = _heard_in_one_thread(type(self))

    def _training_ended(self, activation: Activation) -> None:
        if self.on_training_end is not None:
            self.on_training_end(activation)


def _heard_in_one_thread(cls: type[Core]) -> type[Core]:
    """``cls`` with an ``armed`` that is false in other threads: the plain attribute costs nothing until then."""
    owner = threading.main_thread().ident

    def armed(self: Core) -> bool:
        return bool(self.__dict__["armed"]) and threading.get_ident() == owner

    def arm(self: Core, value: bool) -> None:
        self.__dict__["armed"] = value

    return type(cls.__name__, (cls,), {"armed": property(armed, arm)})
