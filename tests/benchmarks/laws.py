"""The laws of sums and means on correct scripts: each is turned into a sum, a mean and a double mean, and swept.

    python -m tests.benchmarks.laws [--jobs N] [pattern]

A script whose batch size a sweep can change is copied, and its updates get a factor, a power of the batch size written
as a number: the sweep changes that number with the others of its value. The ratio to the mean-loss gradient must then
have the slope 1, 0 or -1 exactly. A line a script: what its updates are by themselves, then how many parameters keep
the law in each form; or why it was not swept. Where an optimiser keeps state, the factor stands behind it: the ratio
is the gradient's, which did not change, and such a script keeps the law of its own form only.
"""

from __future__ import annotations

import argparse
import ast
import math
import shutil
import tempfile
from collections import Counter
from pathlib import Path

from gradcheck import Report, check_script
from gradcheck.results import Json, Parameter

from .judged import STRANGERS, Entry, expected, several

LAWS = {"sum": 1, "mean": 0, "double mean": -1}
SAME = 1e-9


def slope(row: Json, sizes: list[int]) -> float | None:
    """The slope of the ratio on log axes; None where no ratio is known."""
    first, last = row["ratios"][0], row["ratios"][-1]
    return math.log(last / first) / math.log(sizes[-1] / sizes[0]) if first and last else None


def times(text: str, line: int, factor: str) -> str | None:
    """The source with what the updates on a line add multiplied by a factor; None where that is no such statement."""
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt) and node.lineno == line]
    spans = [span for node in found for span in _added(node)]
    lines = text.encode().splitlines(keepends=True)
    for first, begin, last, end in sorted(set(spans), reverse=True):
        lines[last - 1] = lines[last - 1][:end] + f") * {factor}".encode() + lines[last - 1][end:]
        lines[first - 1] = lines[first - 1][:begin] + b"(" + lines[first - 1][begin:]
    return b"".join(lines).decode() if spans else None


def _added(node: ast.stmt) -> list[tuple[int, int, int, int]]:
    """Where a statement holds what it adds to a target: the right side of `-=`, of `W = W - ...`."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        part = node.value
    elif (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.BinOp)
        and isinstance(node.value.op, ast.Add | ast.Sub)
    ):
        if ast.unparse(node.value.left) != ast.unparse(node.targets[0]):
            return []
        part = node.value.right
    else:
        return []
    return [(part.lineno, part.col_offset, part.end_lineno or 0, part.end_col_offset or 0)]


def turned(source: Path, script: str, parameters: list[Parameter], factor: str, folder: Path) -> Path | None:
    """A copy of a script, its updates with a factor; None where an update has no form that takes one."""
    top = script.partition("/")[0] if not script.startswith("held_out/") else "/".join(script.split("/")[:2])
    target = folder / top
    target.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if (source / top).is_dir() else shutil.copyfile)(source / top, target)  # type: ignore[operator]
    places = {(p.file, p.line) for p in parameters if p.line is not None}
    for file, line in sorted(places, key=lambda place: (place[0], place[1] or 0)):
        path = folder / Path(file if Path(file).is_absolute() else (source / script).parent / file).relative_to(source)
        text = times(path.read_text(encoding="utf-8"), line or 0, factor)
        if text is None:
            return None
        path.write_text(text, encoding="utf-8")
    return folder / script


def swept(item: tuple[str, Entry]) -> tuple[str, str, Counter[str]]:
    """One script in its own form and the three others: its line, and counts."""
    script, entry = item
    arguments = entry.get("arguments", ())
    try:
        base = check_script(STRANGERS / script, arguments=arguments, batch_sizes="auto", timeout=60)
    except Exception as error:
        return script, f"{type(error).__name__}: {error}", Counter(failed=1)
    if base.batch_sizes is None:
        why = next((n.why for n in base.not_checked if n.what in ("other batch sizes",) or "batch of" in n.what), "?")
        return script, f"not swept: {why}", Counter(unswept=1)
    return script, *_all_laws(script, base, arguments)


def _all_laws(script: str, base: Report, arguments: list[str]) -> tuple[str, Counter[str]]:
    assert base.batch_sizes is not None
    sizes = base.batch_sizes["sizes"]
    own = {row["name"]: slope(row, sizes) for row in base.batch_sizes["parameters"]}
    known = {round(s, 9) for s in own.values() if s is not None}
    words = ", ".join(f"B^{s:g}" for s in sorted(known)) or "no ratio"
    if len(known) != 1:
        return f"by itself {words}", Counter(mixed=1)
    size = base.trainings[base.batch_sizes["training"]].batch_size
    told, counts = [], Counter(swept=1)
    for law, exponent in LAWS.items():
        power = exponent - int(known.copy().pop())
        factor = {0: "1"}.get(power, f"{size} ** {power}")
        with tempfile.TemporaryDirectory() as folder:
            copy = turned(STRANGERS, script, base.parameters, factor, Path(folder))
            if copy is None:
                return f"by itself {words}; its updates take no factor", Counter(swept=1, fixed=1)
            report = check_script(copy, arguments=arguments, batch_sizes=sizes, timeout=60)
        rows = report.batch_sizes["parameters"] if report.batch_sizes else []
        found = [slope(row, sizes) for row in rows]
        kept = sum(s is not None and abs(s - exponent) < SAME for s in found)
        counts += Counter({"laws": 1, "kept": kept == len(own), "parameters": len(own), "parameters kept": kept})
        told.append(f"{law} {kept} of {len(own)}" + ("" if rows else " (not swept)"))
    return f"by itself {words}; " + ", ".join(told), counts


def main() -> None:
    """Prints a line a script, and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    total: Counter[str] = Counter()
    items = [(path, entry) for path, entry in expected().items() if given.pattern in path]
    for script, line, counts in several(swept, items, given.jobs):
        total += counts
        print(f"{script}: {line}", flush=True)
    print(dict(total))


if __name__ == "__main__":
    main()
