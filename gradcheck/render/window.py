"""The piece of source under a finding's headline: its lines, with marks under the spans and labels beside the marks."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from .view import cells, clean

GAP = "..."
TAB = "    "
SPAN_LINES = 4
LABEL_ROOM = 24

Segment = tuple[str, str]
Row = list[Segment]


@dataclass(frozen=True, slots=True)
class Mark:
    """A span on one line: characters from ``start`` (0-based) to ``end`` (exclusive), and what to say about it."""

    line: int
    start: int
    end: int
    label: str
    primary: bool


@dataclass(frozen=True, slots=True)
class _Cut:
    """A source line as shown: its text, and the cell at which each of its characters (and the end) is found."""

    text: str
    places: list[int]


def window(lines: Sequence[str], marks: Sequence[Mark], width: int) -> list[Row]:
    """Rows for the marked lines of a source file, at most ``width`` cells wide. Empty when no line can be shown."""
    numbers = sorted({mark.line for mark in marks if 1 <= mark.line <= len(lines)})
    if not numbers:
        return []
    gutter = max(2, len(str(numbers[-1])))
    dedent = _common_indent([lines[number - 1] for number in numbers])
    rows: list[Row] = [_rule(gutter)]
    for previous, number in zip([numbers[0], *numbers], numbers, strict=False):
        if number > previous + 1:
            rows.append([(f"{' ' * gutter} :", "dim")])
        own = [_shift(mark, dedent) for mark in marks if mark.line == number]
        rows += _line(lines[number - 1][dedent:], number, own, gutter, width)
    rows.append(_rule(gutter))
    return rows


def _rule(gutter: int) -> Row:
    return [(f"{' ' * gutter} |", "dim")]


def _shift(mark: Mark, by: int) -> Mark:
    return Mark(mark.line, max(mark.start - by, 0), max(mark.end - by, 0), mark.label, mark.primary)


def _common_indent(lines: Sequence[str]) -> int:
    # A tab counts as one character here: mixed files lose no text, at worst some indentation stays.
    return min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)


def _line(text: str, number: int, marks: list[Mark], gutter: int, width: int) -> list[Row]:
    room = width - gutter - 3
    text = text.rstrip()
    marks = [_clip(mark, len(text)) for mark in marks]
    cut = cut_line(text, [(mark.start, mark.end) for mark in marks], room)
    rows: list[Row] = [[(f"{number:>{gutter}} | ", "dim"), (cut.text, "")]]
    for layer in _layers(marks):
        rows += [[(f"{' ' * gutter} | ", "dim"), *row] for row in _mark_rows(layer, cut, room)]
    return rows


def _clip(mark: Mark, length: int) -> Mark:
    start = min(mark.start, max(length - 1, 0))
    return Mark(mark.line, start, max(min(mark.end, length), start + 1), mark.label, mark.primary)


def _layers(marks: list[Mark]) -> list[list[Mark]]:
    """Marks that can share a row of carets, the primary one in the first row; each row from left to right."""
    layers: list[list[Mark]] = []
    for mark in sorted(marks, key=lambda mark: not mark.primary):
        free = (row for row in layers if all(mark.end < m.start or m.end < mark.start for m in row))
        row = next(free, None)
        if row is None:
            layers.append([mark])
        else:
            row.append(mark)
    return [sorted(row, key=lambda mark: mark.start) for row in layers]


def cut_line(text: str, spans: Sequence[tuple[int, int]], room: int) -> _Cut:
    """``text`` in at most ``room`` cells, cut around the spans with "..." where it is longer."""
    shown = [_visible(character) for character in text]
    sizes = [cells(piece) for piece in shown]
    if sum(sizes) <= room:
        return _lay_out(shown, sizes, [True] * len(shown))
    low, high = 0, len(text)
    best = _keep(spans, 0, len(text), limit=max((room - 12) // max(len(spans), 1), 4))
    while low <= high:
        margin = (low + high) // 2
        keep = _keep(spans, margin, len(text), limit=max((room - 12) // max(len(spans), 1), 4))
        if _cost(keep, sizes) <= room:
            best, low = keep, margin + 1
        else:
            high = margin - 1
    return _lay_out(shown, sizes, best)


def _visible(character: str) -> str:
    return TAB if character == "\t" else clean(character)


def _keep(spans: Sequence[tuple[int, int]], margin: int, length: int, limit: int) -> list[bool]:
    keep = [False] * length
    for start, end in spans or [(0, 1)]:
        stop = min(end, start + limit)
        for i in range(max(start - margin, 0), min(stop + margin, length)):
            keep[i] = True
    return _closed(keep)


def _closed(keep: list[bool]) -> list[bool]:
    """``keep`` with holes no longer than the "..." that would stand for them filled in."""
    start = 0
    while start < len(keep):
        end = start
        while end < len(keep) and keep[end] == keep[start]:
            end += 1
        if not keep[start] and end - start <= len(GAP):
            keep[start:end] = [True] * (end - start)
        start = end
    return keep


def _cost(keep: list[bool], sizes: list[int]) -> int:
    holes = sum(1 for i, kept in enumerate(keep) if not kept and (i == 0 or keep[i - 1]))
    return sum(size for kept, size in zip(keep, sizes, strict=True) if kept) + holes * len(GAP)


def _lay_out(shown: list[str], sizes: list[int], keep: list[bool]) -> _Cut:
    text, places, place, in_hole = [], [], 0, False
    for piece, size, kept in zip(shown, sizes, keep, strict=True):
        places.append(place)
        if kept:
            text.append(piece)
            place += size
        elif not in_hole:
            text.append(GAP)
            place += len(GAP)
        in_hole = not kept
    return _Cut("".join(text), [*places, place])


def _mark_rows(marks: list[Mark], cut: _Cut, room: int) -> list[Row]:
    """The row of carets, then the labels that found no place beside them, from right to left."""
    first: Row = []
    place = 0
    for mark in marks:
        start, end = _extent(mark, cut, room)
        style = _style(mark)
        first += [(" " * (start - place), ""), (("^" if mark.primary else "-") * (end - start), style)]
        place = end
    pending = [mark for mark in marks if mark.label]
    if pending and pending[-1] is marks[-1] and place + 1 + cells(clean(marks[-1].label)) <= room:
        first.append((" " + clean(pending.pop().label), _style(marks[-1])))
    rows = [first]
    for index in range(len(pending) - 1, -1, -1):
        rows += _hanging(pending[index], pending[:index], cut, room, connect=pending[index] is not marks[-1])
    return rows


def _extent(mark: Mark, cut: _Cut, room: int) -> tuple[int, int]:
    start = min(cut.places[min(mark.start, len(cut.places) - 1)], room - 1)
    end = cut.places[min(mark.end, len(cut.places) - 1)]
    return start, max(min(end, room), start + 1)


def _style(mark: Mark) -> str:
    return "primary" if mark.primary else "secondary"


def _hanging(mark: Mark, left: list[Mark], cut: _Cut, room: int, *, connect: bool) -> list[Row]:
    """A label below its mark, with a line down to it and lines for the marks to its left that wait for theirs."""
    start = _extent(mark, cut, room)[0]
    label = clean(mark.label)
    bars = [_extent(other, cut, room)[0] for other in left]
    if bars and bars[-1] + 2 + LABEL_ROOM > room:
        bars = []
    floor = bars[-1] + 2 if bars else 0
    if start + cells(label) > room:
        start = max(floor, min(start, room - max(min(cells(label), room), LABEL_ROOM)))
    wrapped = textwrap.wrap(label, max(room - start, LABEL_ROOM), break_on_hyphens=False) or [label]
    rows = [[(_bars([*bars, start]), _style(mark))]] if connect else []
    return rows + [[(_bars(bars).ljust(start), "secondary"), (piece, _style(mark))] for piece in wrapped]


def _bars(places: list[int]) -> str:
    text = ""
    for place in places:
        text = text.ljust(place) + "|"
    return text
