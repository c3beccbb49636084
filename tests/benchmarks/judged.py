"""What the tool says about a script, beside what tests/strangers/expected.json says is true."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gradcheck import Report, check_script
from gradcheck.results import Loss, Parameter

STRANGERS = Path(__file__).parents[1] / "strangers"
RIGHT = {"right", "right_up_to_scale"}
Entry = dict[str, Any]
T = TypeVar("T")
R = TypeVar("R")


@dataclass
class Answer:
    """A report, or why there is none, and how long it took."""

    report: Report | None
    failure: str = ""
    seconds: float = 0.0


@dataclass
class Comparison:
    """Differences between a correct script's report and its entry, by kind; empty lists where all is well."""

    not_judged: list[str] = field(default_factory=list)
    called_wrong: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    loss: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failure: list[str] = field(default_factory=list)
    pairs: dict[int, Parameter] = field(default_factory=dict)

    def differences(self) -> list[str]:
        """Everything that differs, in one list."""
        kinds = ("failure", "errors", "called_wrong", "not_judged", "invented", "renamed", "loss")
        return [text for kind in kinds for text in getattr(self, kind)]


def expected() -> dict[str, Entry]:
    """All entries of expected.json."""
    found: dict[str, Entry] = json.loads((STRANGERS / "expected.json").read_text(encoding="utf8"))
    return found


def ask(path: Path, arguments: Iterable[str] = (), timeout: float = 60) -> Answer:
    """Runs the tool on one script."""
    started = time.perf_counter()
    try:
        report = check_script(path, arguments=tuple(arguments), timeout=timeout)
    except Exception as error:
        return Answer(None, f"{type(error).__name__}: {error}", time.perf_counter() - started)
    return Answer(report, "", time.perf_counter() - started)


def several(work: Callable[[T], R], items: list[T], jobs: int) -> Iterator[R]:
    """Results in the items' order, some at a time: each item waits for a process of its own."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(work, items)


def match(entry: Entry, report: Report) -> tuple[dict[int, Parameter], dict[int, Parameter], list[Parameter]]:
    """Reported parameters by index of the expected one: by name and shape, then by shape alone; and the rest."""
    left = list(report.parameters)
    named: dict[int, Parameter] = {}
    shaped: dict[int, Parameter] = {}
    for test, found in ((_same_name, named), (_same_container, named), (_same_shape, shaped)):
        for i, want in enumerate(entry["parameters"]):
            fits = [p for p in left if test(want, p)] if i not in named and i not in shaped else []
            if fits:
                best = min(fits, key=lambda p: (p.training != want.get("training", 1) - 1, p.verdict not in RIGHT))
                found[i] = best
                if test is not _same_container:
                    left.remove(best)
    used = [id(p) for p in named.values()]
    return named, shaped, [p for p in left if id(p) not in used]


def _same_name(want: Entry, reported: Parameter) -> bool:
    names = {want["name"], *want.get("names", [])}
    return _same_shape(want, reported) and bool(names & {reported.name, *reported.names})


def _same_container(want: Entry, reported: Parameter) -> bool:
    """A scalar ``x["a"]`` of a container that is reported as one parameter ``x``."""
    owner = re.sub(r"\[[^\[\]]*\]$", "", want["name"])
    return want["shape"] == [] != reported.shape and owner in {reported.name, *reported.names} and owner != want["name"]


def _same_shape(want: Entry, reported: Parameter) -> bool:
    return bool(want["shape"] == reported.shape)


def compare(path: str, entry: Entry, answer: Answer) -> Comparison:
    """What differs between the tool's answer on a correct script and the truth."""
    result = Comparison()
    report = answer.report
    if report is None:
        result.failure.append(answer.failure)
        return result
    if not report.parameters and report.outcome and report.outcome.kind != "finished":
        said = (report.outcome.traceback or report.outcome.output_tail).strip().split("\n")[-1]
        result.failure.append(f"ended by {report.outcome.kind}: {report.outcome.message or said}")
    named, shaped, rest = match(entry, report)
    result.pairs = {**named, **shaped}
    for i, want in enumerate(entry["parameters"]):
        _one_parameter(want, result.pairs.get(i), i in named, result)
    result.invented += [f"invented {p.name} {_shape(p.shape)} ({p.verdict})" for p in rest]
    result.errors += [
        f"error {f.rule} line {f.line}" for f in report.findings if f.severity == "error" and not f.suppressed
    ]
    result.loss += list(_losses(path, entry, report))
    if len(report.trainings) != entry["trainings"] and not entry.get("losses"):
        result.loss.append(f"{len(report.trainings)} trainings, not {entry['trainings']}")
    return result


def _one_parameter(want: Entry, seen: Parameter | None, by_name: bool, result: Comparison) -> None:
    if seen is None:
        result.not_judged.append(f"{want['name']} {_shape(want['shape'])} not found")
    elif seen.verdict == "wrong":
        result.called_wrong.append(f"{want['name']} called wrong")
    elif seen.verdict not in RIGHT:
        result.not_judged.append(f"{want['name']} {seen.verdict}: {seen.reason}".rstrip(": "))
    if seen is not None and not by_name:
        result.renamed.append(f"{want['name']} is named {seen.name}")


def _shape(shape: list[int]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _losses(path: str, entry: Entry, report: Report) -> Iterator[str]:
    """Own losses must be named by file and line, inferred ones by kind."""
    seen = [t.loss for t in report.trainings] or ([report.loss] if report.loss else [])
    wanted = [entry["loss"], *({**entry["loss"], "line": other["line"]} for other in entry.get("losses", []))]
    for want in wanted:
        if not any(_same_loss(path, want, loss) for loss in seen):
            told = ", ".join(f"{x.source} line {x.line} ({x.kind})" for x in seen) or "none"
            wanted_text = f"own line {want['line']}" if want["line"] else f"inferred ({want['kind']})"
            yield f"loss should be {wanted_text}, told {told}"


def _same_loss(path: str, want: Entry, seen: Loss) -> bool:
    if want["source"] != seen.source:
        return False
    if want["line"] is None:
        return bool(want["kind"] == seen.kind)
    file = STRANGERS / want.get("file", path)
    return bool(want["line"] == seen.line) and os.path.basename(seen.file) == file.name
