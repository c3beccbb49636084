"""Correct scripts broken by small edits: how many of the wrong parameters does the tool call wrong, and how many right?

    python -m tests.benchmarks.mutation [--cache FOLDER] [--held-out] [--each N] [--jobs N] [--list] [pattern]

Each edit is proven to be a mistake before it counts (see proof.py); edits that change nothing must bring no error.
Edits and proofs are kept in the cache folder, so that a second run times the tool alone. What is edited depends on the
script's name and text only.

Kinds of a wrong parameter: its gradient has another structure, the other sign or one steady factor (``scale``: told
when the report shows that factor); it is zero or never applied (``frozen``); or the optimiser turns it ``uphill``.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from types import FrameType

import numpy as np

from . import operators as operators  # fills the registry
from . import proof, truth
from .edits import Mutant, mutants
from .judged import STRANGERS, expected, several
from .statements import swapped_statements
from .told import Case, Told, listed, tables, tell, usual
from .truth import Script

Edit = tuple[str, Mutant]
TRIES, TRIES_A_TURN, HARMLESS = 200, 4, 4


def cases(script: Script, cache: Path, each: int) -> tuple[list[Case], Counter[str]]:
    """The proven edits of one script and how many were tried, by label; from the cache where nothing has changed."""
    folder = cache / script.path.replace("/", "__")
    key = _fingerprint(script, cache, each)
    kept = folder / "cases.json"
    if kept.is_file():
        stored = json.loads(kept.read_text(encoding="utf8"))
        if stored["key"] == key:
            return [Case(**{**c, "lines": tuple(c["lines"])}) for c in stored["cases"]], Counter(stored["counts"])
    shutil.rmtree(folder, ignore_errors=True)
    found, counts = _search(script, folder, each)
    text = json.dumps({"key": key, "counts": counts, "cases": [asdict(c) for c in found]}, indent=1)
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text(text, encoding="utf8")
    return found, counts


MODULES = ("mutation", "edits", "operators", "statements", "proof", "truth")


def _fingerprint(script: Script, cache: Path, each: int) -> str:
    parts = [str(cache), str(each), repr(script)]
    files = [Path(__file__).parent / f"{name}.py" for name in MODULES]
    own = sorted((STRANGERS / script.folder).rglob("*.py")) if script.folder else [STRANGERS / script.path]
    parts += [file.read_text(encoding="utf8") for file in [*files, *own]]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _search(script: Script, folder: Path, each: int) -> tuple[list[Case], Counter[str]]:
    """One edit of each operator in turn; within a turn an operator has a few tries to hit what is wrong or harmless."""
    prover = proof.Prover(script)
    found: list[Case] = []
    counts: Counter[str] = Counter()
    queues = _candidates(script)
    while queues and counts["wrong"] < each and sum(counts.values()) < TRIES:
        for queue in queues:
            if counts["wrong"] < each:
                _turn(script, prover, queue, folder, found, counts)
        queues = [queue for queue in queues if queue]
    return found, counts


def _turn(
    script: Script, prover: proof.Prover, queue: list[Edit], folder: Path, found: list[Case], counts: Counter[str]
) -> None:
    for _ in range(min(TRIES_A_TURN, len(queue))):
        file, mutant = queue.pop()
        root = folder / f"{len(found):02d}"
        source = _copy(script, file, mutant, root)
        verdict = prover.judge(root)
        if verdict.label == "same" and not _same_output(script, root):
            verdict.label = "other output"
        counts[verdict.label] += 1
        harmless = verdict.label in {"same", "common factor"}
        if verdict.label == "wrong" or (harmless and counts["same"] + counts["common factor"] <= HARMLESS):
            found.append(_case(script, root, file, mutant, source, verdict))
        else:
            shutil.rmtree(root)
        if harmless or verdict.label == "wrong":
            return


def _same_output(script: Script, root: Path) -> bool:
    """Whether the whole run prints what the untouched script prints: no reported loss was edited either."""
    try:
        return truth.run(script, {}, root) == truth.run(script, {})
    except Exception:
        return False


def _candidates(script: Script) -> list[list[Edit]]:
    """Edits of the lines that the step runs, a list for each operator; operators with few sites come rather early."""
    ran = {where: names for step in script.steps for where, names in executed(script, step).items()}
    protected = _hooks(script)
    by_operator: dict[str, list[Edit]] = {}
    seen: set[str] = set()
    for file in sorted({file for file, _ in ran}):
        text = (STRANGERS / file).read_text(encoding="utf8")
        shapes = {line: names for (name, line), names in ran.items() if name == file}
        free = {line for line in shapes if (file, line) not in protected}
        made = [m for found in mutants(text, shapes).values() for m in found if m.text != "pass" or m.line in free]
        for mutant in [*made, *swapped_statements(text, free)]:
            meaning = file + ast.dump(ast.parse(mutant.apply(text)))
            if meaning not in seen:
                by_operator.setdefault(mutant.operator, []).append((file, mutant))
            seen.add(meaning)
    chance = random.Random(f"mutation of {script.path}")
    names = sorted(by_operator, key=lambda n: (chance.random() * (1 + len(by_operator[n])) ** 0.5, n))
    for name in names:
        chance.shuffle(by_operator[name])
    return [by_operator[name] for name in names]


def _loss_lines(script: Script, file: str, text: str) -> set[int]:
    """Lines of the statements in which the script reports its loss: an edit there changes what it claims to descend."""
    entry = expected()[script.path]
    own = {loss.get("line") for loss in [entry["loss"], *entry.get("losses", [])]}
    if file != entry["loss"].get("file", script.path) or own == {None}:
        return set()
    simple = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)
    ranges = [range(n.lineno, (n.end_lineno or 0) + 1) for n in ast.walk(ast.parse(text)) if isinstance(n, simple)]
    return {line for lines in ranges if own & set(lines) for line in lines}


def executed(script: Script, step: truth.Step) -> dict[truth.Place, dict[str, tuple[int, ...]]]:
    """Lines that run in the first judged step, each with the shapes of the arrays its frame can name."""
    found: dict[truth.Place, dict[str, tuple[int, ...]]] = {}
    state = {"hits": 0, "on": False}
    start, stop = truth.place(script.path, step.start), truth.place(script.path, step.stop)

    def note(frame: FrameType) -> None:
        here = os.path.relpath(frame.f_code.co_filename, STRANGERS), frame.f_lineno
        if here == start:
            state["hits"] += 1
            if state["hits"] > step.nths[0]:
                raise truth.Stop
            state["on"] = state["hits"] == step.nths[0]
        if state["on"] and here not in found:
            names = frame.f_locals if frame.f_code.co_name != "<module>" else frame.f_globals
            found[here] = {
                n: v.shape for n, v in list(names.items()) if isinstance(v, np.ndarray) and v.dtype != object
            }

    truth.run(script, {}, STRANGERS, every=note)
    found.setdefault(stop, {})
    return found


def _hooks(script: Script) -> set[tuple[str, int]]:
    """Lines at which a step is read: a statement that moved away from there would be read at another time."""
    texts = [text for step in script.steps for text in (step.start, step.stop, step.loss_at) if text]
    return {truth.place(script.path, text) for text in texts}


def _copy(script: Script, file: str, mutant: Mutant, root: Path) -> str:
    """Writes the edited script, with the modules of its folder, below ``root``; returns the untouched text."""
    if script.folder:
        shutil.copytree(STRANGERS / script.folder, root / script.folder, ignore=shutil.ignore_patterns("__pycache__"))
    target = root / file
    target.parent.mkdir(parents=True, exist_ok=True)
    source = (STRANGERS / file).read_text(encoding="utf8")
    target.write_text(mutant.apply(source), encoding="utf8")
    return source


def _case(script: Script, root: Path, file: str, mutant: Mutant, source: str, verdict: proof.Verdict) -> Case:
    before = source[mutant.start : mutant.end]
    return Case(
        path=script.path,
        root=str(root),
        operator=mutant.operator,
        file=file,
        lines=(mutant.line, mutant.line + before.count("\n")),
        before=before,
        after=mutant.text.rstrip("\n"),
        label=verdict.label,
        kinds={str(i): kind for i, kind in verdict.kinds.items()},
        factors={str(i): k for i, k in verdict.factors.items()},
        proofs=verdict.proofs,
    )


def main() -> None:
    """Makes or reads the cases, runs the tool on each, prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--cache", type=Path, help="folder to keep edits and proofs in")
    parser.add_argument("--held-out", action="store_true", help="the scripts that no rule was tuned on")
    parser.add_argument("--each", type=int, default=8, help="wrong edits of each script")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print every case with what was said")
    parser.add_argument("--prove-only", action="store_true", help="make and prove the edits without running the tool")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        run(given, (given.cache or Path(scratch)).resolve())


def run(given: argparse.Namespace, cache: Path) -> None:
    """The benchmark with parsed arguments."""
    entries = expected()
    scripts = [s for p, s in truth.scripts().items() if given.pattern in p and entries[p]["held_out"] == given.held_out]
    started = time.perf_counter()
    counts: Counter[str] = Counter()
    made: list[Case] = []
    for script in scripts:
        found, tried = cases(script, cache, given.each)
        made += found
        counts.update(tried)
        few = "" if tried["wrong"] >= 5 else "   fewer than five"
        print(f"{script.path:<42} {tried['wrong']:3} wrong of {sum(tried.values()):3} tried{few}", flush=True)
    proven = time.perf_counter()
    if given.prove_only:
        tables([], counts, (proven - started, 0.0))
        return
    known = dict(
        zip(
            (s.path for s in scripts),
            several(lambda s: usual(s.path, entries[s.path]), scripts, given.jobs),
            strict=True,
        )
    )
    told: list[Told] = []
    for one in several(lambda c: tell(c, entries[c.path], known[c.path]), made, given.jobs):
        told.append(one)
        if given.list:
            print(listed(one), flush=True)
    tables(told, counts, (proven - started, time.perf_counter() - proven))


if __name__ == "__main__":
    main()
