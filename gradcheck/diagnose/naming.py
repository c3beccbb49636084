"""Names of candidates as the user wrote them, and numbers of one list gathered into one parameter."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..record.memory import Memory
from ..record.names import Names
from ..record.sources import Sources
from ..step.candidates import Candidate
from ..tape import Tape

_INDEX = re.compile(r"\[[^\[\]]*\]")
_LAST_INDEX = re.compile(r"\[\d+\]$")


def beside_siblings(names: Iterable[list[str]]) -> None:
    """Puts the place in a list or dict, where others of it have no other name, before a variable that ran over it: of
    ``for p in params`` the last parameter is still called ``p``.
    """
    every = [found for found in names if found]
    first = Counter(_form(found[0]) for found in every)
    for found in every:
        if first[_form(found[0])] == 1:
            place = next((n for n in found[1:] if "[]" in _form(n) and first[_form(n)]), None)
            if place is not None:
                found.remove(place)
                found.insert(0, place)


def _form(name: str) -> str:
    return _INDEX.sub("[]", name)


class Namer:
    """Finds the literal, longest-lived location of each candidate while the script's variables are alive."""

    def __init__(self, tape: Tape, memory: Memory, sources: Sources, names: Names) -> None:
        self.tape = tape
        self.memory = memory
        self.sources = sources
        self.names = names

    def names_of(self, c: Candidate) -> list[str]:
        """Literal paths to the candidate, the longest-lived first; empty where nothing reaches it."""
        return self._in_place(c) if c.key[0] in ("memory", "storage") else self._assigned(c)

    def from_source(self, c: Candidate) -> str:
        """What the source calls it, where no variable reaches it."""
        text = self.sources.sites[c.first.site].text
        return re.split(r"\s*(?:[-+*/@]|//|\*\*)?=", text)[0].strip() or "a parameter"

    def _in_place(self, c: Candidate) -> list[str]:
        root = self._live(c)
        if root is None:
            return []
        shape = c.shape
        address = self._address(root, c)
        found = self.names.of_array(root, lambda a: a.shape == shape and a.__array_interface__["data"][0] == address)
        return found or self.names.of_array(root, lambda a: a.size == root.size)

    def _live(self, c: Candidate) -> np.ndarray | None:
        return self.memory.live(self.tape.storage_of(c.region))

    def _address(self, root: np.ndarray, c: Candidate) -> int:
        start: int = root.__array_interface__["data"][0]
        if c.region & 3 == 2:
            start += self.tape.views[c.region >> 2][1] * root.itemsize
        return start

    def _assigned(self, c: Candidate) -> list[str]:
        key = c.key
        if key[0] == "name":
            base = self.sources.locations[key[1]].name
            return [base + "".join(map(_step, key[2:]))]
        holder = c.first.holder
        paths = self.names.of(holder) if holder is not None else []
        if key[0] == "attribute":
            tail = f".{key[2]}" + "".join(map(_step, key[3:]))
            return [p + tail for p in paths]
        index = key[2]
        step = _object_index(holder, index)
        return [f"{p}[{step}]" for p in paths]


def _step(key: Any) -> str:
    """A step of a path: an index, or the field of a named tuple."""
    return key if isinstance(key, str) and key.startswith(".") else f"[{key!r}]"


def _object_index(holder: Any, index: Any) -> str:
    if isinstance(index, tuple):
        return ", ".join(map(str, index)) if len(index) > 1 else str(index[0])
    return repr(index) if not isinstance(index, np.integer) else str(int(index))


@dataclass(slots=True)
class Group:
    """Candidates that the report treats as one parameter: a single array, or the numbers of one list."""

    name: str
    members: list[Candidate]
    shape: list[int]


def groups(found: list[Candidate]) -> list[Group]:
    """Numbers in the slots of one list (or of a rectangular list of lists) are one parameter."""
    out: dict[str, Group] = {}
    for c in found:
        base, depth = c.name, 0
        if c.shape == () and c.key[0] in ("slot", "name", "attribute"):
            while _LAST_INDEX.search(base) and depth < 2:
                base, depth = _LAST_INDEX.sub("", base), depth + 1
        key = base if depth else f"{c.name} {id(c)}"
        group = out.setdefault(key, Group(base if depth else c.name, [], list(c.shape)))
        group.members.append(c)
    for group in out.values():
        if len(group.members) > 1:
            group.shape = _rectangle(group)
    return list(out.values())


def _rectangle(group: Group) -> list[int]:
    indices = [[int(i) for i in re.findall(r"\[(\d+)\]", m.name[len(group.name) :])] for m in group.members]
    sides = [len(set(column)) for column in zip(*indices, strict=False)]
    size = 1
    for side in sides:
        size *= side
    return sides if size == len(group.members) else [len(group.members)]
