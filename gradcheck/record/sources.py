"""What the ids in the taps mean: places in the user's source, variables and functions.

Ids are positions in the lists of one `Sources` object, so a tap carries plain integers and looks nothing up.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..cells import split_file
from .periodic import Test

LocationKind = Literal["global", "local", "class"]


@dataclass(frozen=True, slots=True)
class Site:
    """One operation in the source. Columns are characters from 1, ``end_column`` is exclusive.

    ``function`` is the qualified name of the innermost function ("" outside of one) and ``text`` the source segment.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    function: str
    text: str

    @property
    def where(self) -> str:
        """The place in words: "line 52", in a notebook "cell 3, line 52"."""
        return where(self.file, self.line)


def where(file: str, line: int) -> str:
    """A line of a file in words; the file is named only where it is a notebook's cell."""
    cell = split_file(file)[1]
    return f"line {line}" if cell is None else f"cell {cell}, line {line}"


def listed(sites: Iterable[Site]) -> str:
    """Places in words, in order, each once: "lines 3, 8", in a notebook "cell 2, line 3; cell 4, line 8"."""
    places = sorted({(split_file(site.file)[1] or 0, site.line, site.where) for site in sites})
    if any(cell for cell, _, _ in places):
        return "; ".join(words for _, _, words in places)
    return f"line{'s' * (len(places) > 1)} {', '.join(str(line) for _, line, _ in places)}"


@dataclass(frozen=True, slots=True)
class Location:
    """One variable. ``scope`` is the module's name, followed for locals and classes by ``.`` and the qualified name."""

    kind: LocationKind
    scope: str
    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """One function or lambda.

    ``arguments`` are the names in the order of the tuple that `@enter` is given: positional, ``*varargs`` (one tuple),
    keyword-only, ``**keywords`` (one dict); ``varargs`` and ``keywords`` name those two, "" where there is none.
    """

    file: str
    line: int
    qualname: str
    name: str
    arguments: tuple[str, ...]
    varargs: str = ""
    keywords: str = ""


class Sources:
    """The tables of one run. Adding is safe from several threads, because modules may be imported from any."""

    def __init__(self) -> None:
        self.sites: list[Site] = []
        self.locations: list[Location] = []
        self.functions: list[Function] = []
        self.not_rewritten: list[tuple[str, str]] = []
        """Files that run as they are although they should have been rewritten, with the reason."""
        self.periodic: dict[int, list[Test]] = {}
        """For loops, by site: the tests of the branches that they enter every so many passes."""
        self.literals: set[int] = set()
        """Operators, by site, with an operand that is written as a literal."""
        self._location_ids: dict[Location, int] = {}
        self._lock = threading.Lock()

    def add_site(self, site: Site) -> int:
        """A new id for ``site``; each operation has its own, even where two have the same place."""
        with self._lock:
            self.sites.append(site)
            return len(self.sites) - 1

    def add_location(self, location: Location) -> int:
        """The id of ``location``: equal locations share one."""
        with self._lock:
            known = self._location_ids.setdefault(location, len(self.locations))
            if known == len(self.locations):
                self.locations.append(location)
            return known

    def add_function(self, function: Function) -> int:
        """A new id for ``function``."""
        with self._lock:
            self.functions.append(function)
            return len(self.functions) - 1
