"""The laws of sums and means on correct scripts: each is turned into a sum, a mean and a double mean, and swept.

    python -m tests.benchmarks.laws [--jobs N] [pattern]

A script whose batch size a sweep can change is copied, and its gradients get a factor, a power of the batch size
written as a number: the sweep changes that number with the others of its value. The ratio to the mean-loss gradient
must then have the slope 1, 0 or -1 exactly. The factor stands where a gradient is made, as the report's table of the
backward pass tells it, so that an optimiser's state is made from a sum or a mean; else at the error where the backward
pass begins; else in the update. A place counts if the script's gradients, or what its updates add, then are those of
the script times the factor in the first step, which needs no judgement of the tool. A line a script: what its
gradients are by themselves, then how many parameters keep the law in each form; or why it was not swept or turned.
"""

from __future__ import annotations

import argparse
import ast
import math
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck import Report, check_script
from gradcheck.diagnose.code import LONGEST
from gradcheck.hooks import Hook
from gradcheck.results import BackwardRow, Json, Parameter

from .judged import STRANGERS, Entry, expected, several

LAWS = {"sum": 1, "mean": 0, "double mean": -1}
SAME = 1e-9
FEW = 12  # a sweep makes a smaller batch larger
NEAR = 1e-5  # the largest difference of an array that was multiplied, over its largest entry: some are float32
SIZE = ("other batch sizes", "a batch of")


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A piece of a file, in bytes, that gets a factor; or (``name``) a statement after which that name gets it."""

    file: str
    begin: int
    end: int
    name: str = ""

    def times(self, text: bytes, factor: str) -> bytes:
        """The text with the factor in it."""
        before, piece, after = text[: self.begin], text[self.begin : self.end], text[self.end :]
        if self.name:
            return before + piece + f"; {self.name} = {self.name} * {factor}".encode() + after
        return before + b"(" + piece + f") * {factor}".encode() + after


@dataclass(slots=True)
class Held:
    """What became of a script: the exponent of its own ratio, the parameters that keep each law, or why not."""

    script: str
    own: int | None = None
    why: str = ""
    told: str = ""
    where: str = ""
    parameters: int = 0
    kept: dict[str, int] = field(default_factory=dict)
    swept: bool = False

    @property
    def all_kept(self) -> bool:
        """Whether every parameter keeps the law in every form."""
        return len(self.kept) == len(LAWS) and set(self.kept.values()) == {self.parameters}

    def line(self) -> str:
        """The script in words."""
        forms = ", ".join(f"{law} {kept} of {self.parameters}" for law, kept in self.kept.items())
        own = "" if self.own is None else f"by itself B^{self.own}"
        where = f"with the factor {self.where}" if self.where else ""
        why = f"{self.why}: {self.told}" if self.told else self.why
        return "; ".join(part for part in (own, where, forms, why) if part)


class First(Hook):
    """The first gradient and the first update of each parameter."""

    def __init__(self) -> None:
        self.gradients: dict[str, np.ndarray] = {}
        self.updates: dict[str, np.ndarray] = {}

    def gradient(self, parameter: str, gradient: Any, batch_size: int | None, step: int) -> None:
        """Keep the first."""
        self.gradients.setdefault(parameter, np.array(gradient, float))

    def update(self, parameter: str, update: Any, value: Any, step: int) -> None:
        """Keep the first."""
        self.updates.setdefault(parameter, np.array(update, float))

    def times(self, parameter: str, factor: float, before: First) -> bool:
        """Whether a parameter's gradient or update is that of another run times a factor."""
        pairs = [
            (mine[parameter], theirs[parameter] * factor)
            for mine, theirs in ((self.gradients, before.gradients), (self.updates, before.updates))
            if parameter in mine and parameter in theirs
        ]
        return any(a.shape == b.shape and np.abs(a - b).max() <= NEAR * np.abs(b).max() for a, b in pairs if a.size)


# where the factor goes


def spots(rows: Sequence[BackwardRow], whole: bool) -> Iterator[Spot]:
    """Where the values of rows are computed; where ``whole``, a value that was added to one is not told from it."""
    for row in rows:
        text = Path(row.file).read_text(encoding="utf-8")
        found = [spot for node in ast.walk(ast.parse(text)) if (spot := _spot(row, text, node, whole)) is not None]
        yield from found[:1]


def _spot(row: BackwardRow, text: str, node: ast.AST, whole: bool) -> Spot | None:
    """The spot of a row, if the node is the statement or the expression that makes its value."""
    if getattr(node, "lineno", None) != row.line:
        return None
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if len(targets) > 1 or ast.unparse(targets[0]) != row.name:
            return None
        if whole and isinstance(node, ast.AugAssign):
            return Spot(row.file, *_bytes(text, node), name=row.name)
        return Spot(row.file, *_bytes(text, node.value))
    if isinstance(node, ast.expr) and _short(ast.get_source_segment(text, node) or "") == row.name:
        return Spot(row.file, *_bytes(text, node))
    return None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."


def _bytes(text: str, node: ast.expr | ast.stmt) -> tuple[int, int]:
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    last, end = node.end_lineno or node.lineno, node.end_col_offset or 0
    return starts[node.lineno - 1] + node.col_offset, starts[last - 1] + end


def added(parameters: Sequence[Parameter]) -> Iterator[Spot]:
    """What the updates of parameters add: the right side of `-=`, of `W = W - ...`."""
    for parameter in parameters:
        text = Path(parameter.file).read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.stmt) and node.lineno == parameter.line:
                part = _right_side(node)
                if part is not None:
                    yield Spot(parameter.file, *_bytes(text, part))


def _right_side(node: ast.stmt) -> ast.expr | None:
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        return node.value
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.BinOp):
        return None
    same = ast.unparse(node.value.left) == ast.unparse(node.targets[0])
    return node.value.right if same and isinstance(node.value.op, ast.Add | ast.Sub) else None


def ways(report: Report, training: int) -> Iterator[tuple[str, set[Spot]]]:
    """Where a factor may go, in the order in which it is tried."""
    parameters = [p for p in report.parameters if p.training == training]
    names = {p.name for p in parameters}
    rows = [row for row in report.backward if row.verdict == "right" and row.training == training]
    own = [row for row in rows if row.partner in names]
    missing = [p for p in parameters if p.name not in {row.partner for row in own}]
    yield "in the gradients", {*spots(own, False), *added(missing)}
    yield "after the gradients", {*spots(own, True), *added(missing)}
    heads = [row for row in rows if row.partner not in names]
    yield "in the first error", set(spots(heads[:1], False))
    yield "in the first two errors", set(spots(heads[:2], False))
    yield "in the updates", set(added(parameters))


# copies


def copied(source: Path, script: str, places: set[Spot], factor: str, folder: Path) -> Path:
    """A copy of a script, its places with a factor."""
    top = script.partition("/")[0] if not script.startswith("held_out/") else "/".join(script.split("/")[:2])
    target = folder / top
    target.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if (source / top).is_dir() else shutil.copyfile)(source / top, target)  # type: ignore[operator]
    for spot in sorted(places, reverse=True):
        path = folder / Path(spot.file).relative_to(source)
        path.write_bytes(spot.times(path.read_bytes(), factor))
    return folder / script


# the laws


def slope(row: Json, sizes: list[int]) -> float | None:
    """The slope of the ratio on log axes; None where no ratio is known."""
    first, last = row["ratios"][0], row["ratios"][-1]
    return math.log(last / first) / math.log(sizes[-1] / sizes[0]) if first and last else None


def held(script: str, arguments: Sequence[str] = (), sizes: str | Sequence[int] = "auto") -> Held:
    """One script in its own form and the two others."""
    found = Held(script)
    before = First()
    ask = partial(check_script, arguments=tuple(arguments), timeout=60)
    try:
        base = ask(STRANGERS / script, batch_sizes=sizes, hooks=[before])
    except Exception as error:
        found.why, found.told = "failed", f"{type(error).__name__}: {error}"
        return found
    if base.batch_sizes is None:
        notes = [note.why for note in base.not_checked if note.what.startswith(SIZE)]
        found.why, found.told = "not swept", notes[0] if notes else "no step was judged"
        return found
    found.swept, found.parameters = True, len(base.batch_sizes["parameters"])
    slopes = [slope(row, base.batch_sizes["sizes"]) for row in base.batch_sizes["parameters"]]
    if None in slopes:
        found.why = "swept, but a ratio is unknown"
        return found
    whole = {round(s or 0.0) for s in slopes}
    if len(whole) > 1 or any(abs((s or 0.0) - whole.copy().pop()) > SAME for s in slopes):
        found.why, found.told = "its own ratios have no single law", ", ".join(f"B^{s:.4g}" for s in slopes)
        return found
    found.own = whole.pop()
    _turn(found, base, before, ask)
    return found


def _turn(found: Held, base: Report, before: First, ask: Callable[..., Report]) -> None:
    """The script in its other forms, the factor in the first place that scales all gradients."""
    assert base.batch_sizes is not None and found.own is not None
    training, sizes = base.batch_sizes["training"], base.batch_sizes["sizes"]
    size = base.trainings[training].batch_size or 0
    written = _written(size, base.batch_sizes["changed"][0]["value"], sizes)
    if not written:
        found.why = "not turned: the size is no multiple of the number that sets it, nor the other way round"
        return
    names = [row["name"] for row in base.batch_sizes["parameters"]]
    best = 0
    for where, places in ways(base, training):
        with tempfile.TemporaryDirectory() as folder:
            after = First()
            ask(copied(STRANGERS, found.script, places, written, Path(folder)), hooks=[after])
        reached = sum(after.times(name, size, before) for name in names) if places else 0
        best = max(best, reached)
        if reached == len(names):
            found.where = where
            break
    else:
        found.why = "not turned: no place was found where a factor reaches all gradients"
        found.told = f"{best} of {len(names)} at most"
        return
    for law, exponent in LAWS.items():
        power = exponent - found.own
        with tempfile.TemporaryDirectory() as folder:
            copy = copied(STRANGERS, found.script, places if power else set(), f"{written} ** {power}", Path(folder))
            report = ask(copy, batch_sizes=sizes) if power else base
        rows = report.batch_sizes["parameters"] if report.batch_sizes else []
        seen = report.batch_sizes["sizes"] if report.batch_sizes else []  # a count reaches other sizes than were asked
        exact = [s for row in rows if (s := slope(row, seen)) is not None and abs(s - exponent) < SAME]
        found.kept[law] = len(exact)
        if not rows:
            found.told = next((n.why for n in report.not_checked if n.what.startswith(SIZE)), "no step was judged")
    if not found.all_kept:
        found.why = "a law is not kept"


def _written(size: int, value: int, sizes: list[int]) -> str:
    """The batch size by the number that sets it: itself, a count of rows or (it grows as that shrinks) of batches."""
    if size == value:
        return str(size)
    grows = max(sizes) > size if size >= FEW else min(sizes) < size  # a sweep sets count * size // (wanted size)
    if not grows:
        return f"({value * size} // {value})"
    return f"({value} * {size // value})" if size % value == 0 else ""


def _held(item: tuple[str, Entry]) -> Held:
    script, entry = item
    return held(script, entry.get("arguments", ()))


def _kind(one: Held) -> str:
    """The reason why a script does not keep all three laws, without its own lines and numbers."""
    if one.why != "not swept":
        return one.why
    return "not swept: " + re.sub(r" \(\d+ tried\)", "", one.told)


def main() -> None:
    """Prints a line a script, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    items = [(path, entry) for path, entry in expected().items() if re.search(given.pattern, path)]
    done: list[Held] = []
    for one in several(_held, items, given.jobs):
        done.append(one)
        print(f"{one.script}: {one.line()}", flush=True)
    swept, turned = sum(one.swept for one in done), sum(bool(one.kept) for one in done)
    print(f"\n{len(done)} scripts, {swept} swept, {turned} turned")
    print(f"{sum(one.all_kept for one in done)} keep the law in all three forms; the others:")
    for reason, count in Counter(_kind(one) for one in done if not one.all_kept).most_common():
        print(f"  {count:3} {reason}")


if __name__ == "__main__":
    main()
