"""One training step at several batch sizes: which constants of the script set the size, and how gradients follow it.

The size is changed in the source that the child is given, never in the file. A constant counts only if the recorded
step then has the wanted number of rows, starts from the same parameters and has no gradient wrong that was right:
watched, not guessed from names. Where only the start is another one, scales are compared, and norms are not.
"""

from __future__ import annotations

import ast
import math
import tokenize
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from .assemble import Piece
from .results import Json, NotChecked

Rerun = Callable[["Change", bool], "Piece | None"]  # the flag: whether hooks are told
WHAT = "other batch sizes"
ALONE = "scales are compared, and norms are not"
MOST_CONSTANTS = 12
LARGEST_COUNT = 4096
POWERS = range(-3, 4)
SAME = 1e-8
RIGHT = ("right", "right_up_to_scale")


@dataclass(frozen=True, slots=True)
class Place:
    """An integer of the script: a constant in a file (columns from 0, in bytes), or a word of its arguments."""

    file: str
    line: int
    column: int
    end_column: int
    value: int
    divides: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """New values for places of the script: ``sources`` by file, and its arguments."""

    sources: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Governor:
    """What sets the batch size: these places hold it, or (``divides``) the number of batches of ``rows`` rows.

    ``anew``: the initial parameters change with it.
    """

    places: tuple[Place, ...]
    divides: bool = False
    rows: int = 0
    anew: bool = False

    def value(self, size: int) -> int:
        """What the places must hold for a batch of ``size``."""
        return max(1, self.rows // size) if self.divides else size


class Sweep:
    """Finds the governor and runs the sizes. ``rerun`` runs the script changed; its flag: whether hooks are told."""

    def __init__(self, base: Piece, files: Sequence[str], arguments: tuple[str, ...], rerun: Rerun) -> None:
        self.base = base
        self.size = base.training.batch_size or 0
        self.texts = {file: text for file in files if (text := _readable(file)) is not None}
        self.arguments = arguments
        self.rerun = rerun
        self.anew: list[tuple[Governor, int]] = []  # what sets the size and the start, with the size tried

    def governor(self, probe: int) -> Governor | None:
        """The constants that set the batch size, tried out at ``probe`` rows."""
        equal = [place for place in self._places() if place.value == self.size][:MOST_CONSTANTS]
        for group in [tuple(equal), *((place,) for place in equal)] if len(equal) > 1 else [tuple(equal)]:
            if group and self._obeys(Governor(group), probe):
                return self._grown(Governor(group), equal, probe)
        if self.anew:
            return self._grown(self.anew[0][0], equal, probe)
        if self.size == 1:
            self.reason = f"each step takes one sample, and no number that makes it more was found ({len(equal)} tried)"
            return None
        counts = [p for p in self._places() if 1 < p.value <= LARGEST_COUNT and p.value != self.size]
        for place in sorted(counts, key=lambda p: not p.divides)[:MOST_CONSTANTS]:
            found = Governor((place,), True, place.value * self.size)
            tried = found.rows // max(1, place.value // 2)
            if self._obeys(found, tried):
                return self._divided(found, tried)
        if self.anew:
            return self._divided(*self.anew[0])
        number = len(equal) + min(len(counts), MOST_CONSTANTS)
        self.reason = f"no literal, default, argument or division that sets it was found ({number} tried)"
        return None

    def _grown(self, found: Governor, equal: list[Place], probe: int) -> Governor:
        """With the other constants of that value that may be changed as well: a divisor beside the slice."""
        for place in equal:
            if place not in found.places:
                more = replace(found, places=(*found.places, place))
                found = more if self._obeys(more, probe) else found
        return found

    def _divided(self, found: Governor, probe: int) -> Governor:
        """With the other constants of a count's value that the gradients' scales follow: a divisor by the count."""
        value = found.places[0].value
        for place in [p for p in self._places() if p.value == value and p not in found.places][:MOST_CONSTANTS]:
            more = replace(found, places=(*found.places, place))
            if self._obeys(more, probe) and self._scales(more, probe) != self._scales(found, probe):
                found = more
        return found

    def _scales(self, governor: Governor, size: int) -> Json | None:
        piece = self.rerun(self.change(governor, size), False)
        return None if piece is None else (piece.batch or {}).get("scales")

    def _obeys(self, governor: Governor, size: int) -> bool:
        piece = self.rerun(self.change(governor, size), False)
        if piece is None or not piece.training.batch_size or piece.training.batch_size == self.size:
            return False
        if not self._same_step(piece) or not (piece.training.batch_size == size or governor.divides):
            return False
        if not governor.anew and (piece.batch or {}).get("start") != (self.base.batch or {}).get("start"):
            self.anew.append((replace(governor, anew=True), size))
            return False
        return True

    def _same_step(self, piece: Piece) -> bool:
        """Whether a run has the same parameters, and none of them wrong that was right."""
        if [[p.name, p.shape] for p in piece.parameters] != [[p.name, p.shape] for p in self.base.parameters]:
            return False
        pairs = zip(piece.parameters, self.base.parameters, strict=True)
        return not any(p.verdict == "wrong" and own.verdict in RIGHT for p, own in pairs)

    def change(self, governor: Governor, size: int) -> Change:
        """The script with the governor's places set for a size."""
        lines = {file: text.encode().splitlines(keepends=True) for file, text in self.texts.items()}
        arguments = list(self.arguments)
        for place in sorted(governor.places, key=lambda p: (p.file, p.line, -p.column)):
            value = str(governor.value(size))
            if place.file:
                line = lines[place.file][place.line - 1]
                lines[place.file][place.line - 1] = line[: place.column] + value.encode() + line[place.end_column :]
            else:
                arguments[place.column] = value
        files = sorted({place.file for place in governor.places if place.file})
        sources = tuple((file, b"".join(lines[file]).decode()) for file in files)
        return Change(sources, tuple(arguments))

    def _places(self) -> Iterator[Place]:
        for position, word in enumerate(self.arguments):
            if word.isdecimal():
                yield Place("", 0, position, 0, int(word))
        for file, text in self.texts.items():
            tree = ast.parse(text)
            divisors = {
                id(node.right)
                for node in ast.walk(tree)
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv | ast.Div)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and type(node.value) is int and node.lineno == node.end_lineno:
                    end = node.end_col_offset or node.col_offset
                    yield Place(file, node.lineno, node.col_offset, end, node.value, id(node) in divisors)


def _readable(file: str) -> str | None:
    """The text of a Python file in UTF-8; None for any other, which is then left as it is."""
    try:
        with open(file, "rb") as stream:
            encoding, _ = tokenize.detect_encoding(stream.readline)
        text = Path(file).read_text(encoding="utf-8-sig")
        ast.parse(text)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    return text if encoding in ("utf-8", "utf-8-sig") else None


def run(
    base: Piece,
    files: Sequence[str],
    arguments: tuple[str, ...],
    chosen: tuple[int, ...] | Literal["auto"],
    rerun: Rerun,
) -> tuple[Json | None, list[Piece], list[NotChecked]]:
    """The sweep as the report holds it (None where there is none), its runs' pieces, and what was not possible."""
    sweep = Sweep(base, files, arguments, rerun)
    sizes = automatic(base) if chosen == "auto" else chosen
    probe = min((size for size in sizes if size != sweep.size), key=lambda size: abs(size - sweep.size))
    governor = sweep.governor(probe)
    if governor is None:
        return None, [], [NotChecked(WHAT, sweep.reason)]
    reached: dict[int, Piece] = {}
    missed: list[int] = []
    for size in sizes:
        piece = base if size == sweep.size else rerun(sweep.change(governor, size), not governor.anew)
        if piece is None or piece.training.batch_size in (None, *reached) or not _fits(piece, size, governor):
            missed.append(size)
        else:
            reached[piece.training.batch_size or 0] = piece
    notes = [NotChecked(f"a batch of {size}", "the step did not reach that size") for size in missed]
    if len(reached) < 2:
        return None, [], notes
    if governor.anew:
        notes.append(NotChecked(WHAT, f"{_lines(governor)} it, but the initial parameters with it: {ALONE}"))
    elif _same_rows(list(reached.values())) is False:
        notes.append(NotChecked(WHAT, "the first rows differ from size to size, so the norms are of other data"))
    return told(reached, governor), [p for p in reached.values() if p is not base and not governor.anew], notes


def _lines(governor: Governor) -> str:
    lines = sorted({place.line for place in governor.places})
    return f"lines {', '.join(map(str, lines))} change" if len(lines) > 1 else f"line {lines[0]} changes"


def _fits(piece: Piece, size: int, governor: Governor) -> bool:
    return governor.divides or piece.training.batch_size == size


def automatic(base: Piece) -> tuple[int, ...]:
    """Three sizes: the script's, about a half and about a quarter of it, none of them the width of a layer.

    Of a small batch, the script's and about twice and four times as much.
    """
    widths = {length for parameter in base.parameters for length in parameter.shape}
    size = base.training.batch_size or 1
    found: list[int] = []
    for wanted in (size, size // 2, size // 4) if size >= 12 else (size, 2 * size, 4 * size):
        upwards = wanted if size < 12 else -wanted
        steps = (abs(upwards + i) for i in range(LARGEST_COUNT))
        found.append(next(s for s in steps if s > 1 and s not in widths and s not in found))
    return tuple(sorted(found))


def _same_rows(pieces: list[Piece]) -> bool | None:
    """Whether the first rows of the data are the same in all runs; None where they could not be seen."""
    rows = [(piece.batch or {}).get("rows") or [] for piece in pieces]
    if not all(rows) or len({len(found) for found in rows}) > 1:
        return None
    return all(
        len({tuple(array[: min(map(len, arrays))]) for array in arrays}) == 1 for arrays in zip(*rows, strict=True)
    )


def told(reached: dict[int, Piece], governor: Governor) -> Json:
    """Norms, slopes and ratios by parameter: see the JSON Schema."""
    sizes = sorted(reached)
    pieces = [reached[size] for size in sizes]
    return {
        "sizes": sizes,
        "changed": [{"file": p.file, "line": p.line, "value": p.value} for p in governor.places],
        "same_rows": None if governor.anew else _same_rows(pieces),
        "training": pieces[0].training.id,
        "parameters": [_parameter(name, sizes, pieces, governor.anew) for name in _names(pieces)],
    }


def _names(pieces: list[Piece]) -> list[str]:
    return list(dict.fromkeys(row.parameter for piece in pieces for row in piece.gradient_norms))


def _parameter(name: str, sizes: list[int], pieces: list[Piece], anew: bool) -> Json:
    known = [{row.parameter: row.norm for row in piece.gradient_norms if row.step == 1} for piece in pieces]
    norms = [None if anew else found.get(name) for found in known]
    ratios, law = _ratios(name, sizes, pieces)
    return {"name": name, "norms": norms, "slope": slope(sizes, norms), "ratios": ratios, "law": law}


def slope(sizes: Sequence[int], norms: Sequence[float | None]) -> float | None:
    """Least-squares slope of log norm on log batch size; None unless all norms are positive."""
    if any(norm is None or not norm > 0 or not math.isfinite(norm) for norm in norms):
        return None
    x = [math.log(size) for size in sizes]
    y = [math.log(norm or 1.0) for norm in norms]
    centre, level = sum(x) / len(x), sum(y) / len(y)
    over = sum((a - centre) * (b - level) for a, b in zip(x, y, strict=True))
    return float(f"{over / sum((a - centre) ** 2 for a in x):.6g}")


def _ratios(name: str, sizes: list[int], pieces: list[Piece]) -> tuple[list[float | None], str]:
    """What the update follows, times the mean-loss gradient, at each size, and the law that holds for all of them.

    The script's loss is ``weight`` times a sum over rows, so ``weight * B`` times their mean: a power of B, its
    constant (one over the number of classes, say) left out. A rate counts by the power of B in it. Each row must add
    as many terms at every size.
    """
    found = [(piece.batch or {}).get("scales", {}).get(name, {}) for piece in pieces]
    own, rate, terms = (power(sizes, [f.get(key) for f in found]) for key in ("weight", "rate", "terms"))
    if own is None or rate is None or terms != 1:
        return [None] * len(sizes), ""
    units = [abs(f["unit"]) for f in found]
    ratios = [unit * float(size) ** (own + 1 + rate) for unit, size in zip(units, sizes, strict=True)]
    exponent = power(sizes, ratios)
    law = "" if exponent is None else _law(ratios[0] / float(sizes[0]) ** exponent, exponent)
    return [float(f"{ratio:.12g}") for ratio in ratios], law


def power(sizes: Sequence[int], values: Sequence[float | None]) -> int | None:
    """The whole number p for which the values are a constant times ``B ** p``, to rounding; None if there is none."""
    known = [abs(value) for value in values if value]
    if len(known) < len(sizes):
        return None
    for p in POWERS:
        constants = [value / float(size) ** p for value, size in zip(known, sizes, strict=True)]
        if max(constants) - min(constants) <= SAME * max(constants):
            return p
    return None


def _law(constant: float, exponent: int) -> str:
    """The law as people write it: B, 1, 1/B, 2 B."""
    power = {0: "", 1: "B", -1: "1/B"}.get(exponent, f"B^{exponent}")
    if abs(constant - 1) < SAME:
        return power or "1"
    return f"{constant:.4g} {power}".strip()
