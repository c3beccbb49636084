"""Repairs of what a report found: each is put into the source, the script is run with it, and the two reports compared.

Nothing is taken on trust: a repair counts where its finding is gone, its parameters are right, and nothing else became
worse. The edited text is given to the child; the user's files stay as they are.
"""

from __future__ import annotations

import ast
import time
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from .cells import Cell, cell_file, split_file
from .editing import usual
from .editing.edits import Repair, put_in
from .editing.scene import Scene
from .editing.source import Source, is_expression
from .results import Edit, Finding, Fix, Parameter, Report, goal_name

T = TypeVar("T")

Rerun = Callable[[Mapping[str, str], bool], "Report | None"]
"""Runs the script with other texts by file; the flag asks for the names of mistakes too, not for verdicts alone."""

Prober = Callable[[Mapping[str, str], Sequence[str]], Mapping[int, list[int]]]
"""Runs the script with probes in its texts and files with what belongs there, in the order of the probes: by probe that
was met, the numbers of its texts that have it.
"""

PROBE = "__gradcheck_probe__"
MOST_TRIALS = 24
MOST_USUAL = 8
MOST_FITS = 6
MOST_TEXTS = 2000
FEWEST_TRIALS = 6
MOST_SECONDS = 60.0  # for one finding, once the fewest are done
RANKS = {"right": 0, "right_up_to_scale": 1, "inconclusive": 2, "not_judged": 2, "wrong": 3}
COMPLETE = ("finished", "cut", "exit")


def sources_of(files: Iterable[str], cells: Iterable[Cell], notebook: str) -> dict[str, Source]:
    """The program's sources by the name they are compiled under; a file that is no Python is left out."""
    texts = {cell_file(notebook, cell.number): cell.code for cell in cells}
    for file in files:
        if split_file(file)[1] is None and file not in texts:
            try:
                with tokenize.open(file) as stream:
                    texts[file] = stream.read()
            except (OSError, SyntaxError, ValueError):
                continue
    found = {}
    for file, text in texts.items():
        try:
            found[file] = Source(file, text)
        except (SyntaxError, ValueError, RecursionError):
            continue
    return found


@dataclass
class Bench:
    """Tries repairs of a report's errors."""

    report: Report
    sources: Mapping[str, Source]
    rerun: Rerun
    probe: Prober
    goals: Path
    fits: dict[int, list[str]] = field(default_factory=dict)  # by finding, texts with the right value there
    known: dict[tuple[frozenset[Edit], bool], Report | None] = field(default_factory=dict)

    def repaired(self) -> Report:
        """The report with the repairs that came out right in its findings' fixes, and without replacements that did
        not.
        """
        errors = [f for f in self.report.findings if f.severity == "error" and not f.suppressed]
        self._ask(errors)
        taken: dict[int, Repair] = {}
        for with_others in (False, True):
            for finding in errors:
                if id(finding) not in taken and (taken or not with_others):
                    others = [e for r in taken.values() for e in r] if with_others else []
                    found = self._search(finding, others)
                    if found is not None:
                        taken[id(finding)] = found
        taken = self._together(errors, taken)
        findings = [
            self._told(f, taken.get(id(f))) if f.severity == "error" and not f.suppressed else f
            for f in self.report.findings
        ]
        return replace(self.report, findings=findings)

    def _together(self, errors: list[Finding], taken: dict[int, Repair]) -> dict[int, Repair]:
        """The repairs that are right with all others of them in place."""
        while taken and len(errors) > 1:
            after = self._run([e for repair in taken.values() for e in repair], named=True)
            kept = [f for f in errors if id(f) in taken]
            failed = [f for f in kept if after is None or not self._right(f, after)]
            if after is not None and not failed and not self._worse(after, kept):
                break
            last = failed[-1] if failed else kept[-1]
            taken = {key: repair for key, repair in taken.items() if key != id(last)}
        return taken

    def _search(self, finding: Finding, others: list[Edit]) -> Repair | None:
        """The first repair that mends a finding, with other edits in place."""
        begun, trials = time.monotonic(), 0
        if others and self._mended(finding, others):
            return ()
        for repair in self._candidates(finding):
            if trials >= MOST_TRIALS or trials >= FEWEST_TRIALS and time.monotonic() - begun > MOST_SECONDS:
                return None
            if others and trials >= FEWEST_TRIALS:
                return None
            trials += 1
            shared = self._shares(finding) and not others
            after = self._run([*others, *repair], named=shared)
            if after is None or self._worse(after, [finding]):
                continue
            if self._right(finding, after) or shared and self._gone(finding, after):
                return repair
        return None

    def _mended(self, finding: Finding, edits: list[Edit]) -> bool:
        """Whether edits that are for other findings mend this one too."""
        after = self._run(edits, named=True)
        return after is not None and not self._worse(after, [finding]) and self._right(finding, after)

    def _candidates(self, finding: Finding) -> Iterator[Repair]:
        """Repairs that may be meant, each once: the finding's own, its rule's, then small edits of what is marked."""
        from . import rules

        scene = Scene.of(finding, self.sources)
        if scene is None:
            return
        seen: set[Repair] = set()
        makers = [(_own, 1), (rules.repairs, MOST_TRIALS)]
        known = id(finding) in self.fits
        if not known and any(p.verdict == "wrong" for p in _concerned(finding, self.report)):
            makers.append((usual.repairs, MOST_USUAL))  # elsewhere silence would prove nothing
        if known:
            yield from (scene.instead(text) for text in self.fits[id(finding)][:MOST_FITS])
        for make, most in makers:
            for repair in islice(_careful(scene, make), most):
                if known and _whole(scene, repair) is not None:
                    continue  # it has another value than the one that belongs there
                if repair not in seen and any(repair):
                    seen.add(repair)
                    yield repair

    def _ask(self, errors: list[Finding]) -> None:
        """Finds out, in one run, which texts have the value that belongs at the findings' places."""
        asked: list[tuple[Finding, list[str], Edit]] = []
        for finding in errors:
            scene = Scene.of(finding, self.sources)
            if scene is None or not isinstance(scene.node, ast.expr) or not (self.goals / goal_name(finding)).exists():
                continue
            texts = list(dict.fromkeys(filter(is_expression, islice(_texts_for(scene), MOST_TEXTS))))
            thunks = "".join(f", lambda: ({text})" for text in texts)
            probe = scene.instead(f"{PROBE}({len(asked)}, ({scene.text}){thunks})")[0]
            if self._texts([*(e for _, _, e in asked), probe]):
                asked.append((finding, texts, probe))
        if asked:
            sources = self._texts([edit for _, _, edit in asked])
            found = self.probe(sources, [str(self.goals / goal_name(f)) for f, _, _ in asked])
            for number, fits in found.items():
                finding, texts, _ = asked[number]
                self.fits[id(finding)] = [texts[i] for i in fits]

    def _run(self, edits: list[Edit], *, named: bool) -> Report | None:
        """The report of the script with edits; None where they do not fit, or make no Python."""
        key = (frozenset(edits), named)
        if key not in self.known:
            texts = self._texts(edits)
            self.known[key] = self.rerun(texts, named) if texts else None
        return self.known[key]

    def _texts(self, edits: list[Edit]) -> dict[str, str]:
        texts = {}
        for file in {_file(edit) for edit in edits}:
            source = self.sources.get(file)
            try:
                assert source is not None
                texts[file] = put_in(source.text, [e for e in edits if _file(e) == file])
                if Source(file, texts[file]).text == source.text:
                    return {}
            except (AssertionError, SyntaxError, ValueError):
                return {}
        return texts

    def _shares(self, finding: Finding) -> bool:
        """Whether another error is about the same parameters."""
        mine = set(finding.parameters)
        return any(mine & set(f.parameters) for f in self.report.findings if f.severity == "error" and f is not finding)

    def _right(self, finding: Finding, after: Report) -> bool:
        """Whether the finding is gone and its parameters are right."""
        mine = _concerned(finding, self.report)
        now = {_key(p): p for p in after.parameters}
        right = all(_key(p) in now and RANKS[now[_key(p)].verdict] <= 1 for p in mine)
        up = any(now[_key(p)].direction == "uphill" for p in mine if _key(p) in now)
        return right and not up and self._gone(finding, after)

    def _gone(self, finding: Finding, after: Report) -> bool:
        """Whether the report has fewer findings of that rule for these parameters."""
        return _like(finding, after) < _like(finding, self.report)

    def _worse(self, after: Report, mended: list[Finding]) -> bool:
        """Whether a report is worse than ours: less of the script, less judged, a new error."""
        before = self.report
        ended = before.outcome is None or before.outcome.kind in COMPLETE
        if ended and after.outcome is not None and after.outcome.kind not in COMPLETE:
            return True
        if _sources(before) - _sources(after):
            return True
        was, now = {_key(p): p for p in before.parameters}, {_key(p): p for p in after.parameters}
        if any(key not in now or _is_worse(p, now[key]) for key, p in was.items()):
            return True
        wrong = {p.name for p in before.parameters if p.verdict == "wrong"}
        known = Counter((f.rule, f.file) for f in before.findings if f.severity == "error" and f not in mended)
        for f in after.findings:
            if f.severity != "error" or f.suppressed:
                continue
            if known[f.rule, f.file]:
                known[f.rule, f.file] -= 1
            elif not f.parameters or not set(f.parameters) <= wrong - _names(mended):
                return True
        return False

    def _told(self, finding: Finding, repair: Repair | None) -> Finding:
        """The finding with what was tried in its fix."""
        fix = finding.fix or Fix("" if repair else "the repair of another finding mends this one too")
        if repair is None:
            return replace(finding, fix=replace(fix, replacement=None, tried=None) if finding.fix else None)
        off = {p.name: p.relative_error or p.residual or 1.0 for p in _concerned(finding, self.report)}
        wrong = {p.name for p in self.report.parameters if p.verdict == "wrong"}
        gradients = {name: figure for name, figure in off.items() if name in wrong}
        if gradients:
            tried = {"before": gradients, "after": dict.fromkeys(gradients, 0.0), "by": "edited run"}
        else:
            tried = {"before": finding.message, "after": "the finding is gone", "by": "edited run"}
        alone = repair[0] if len(repair) == 1 and _is_there(repair[0], finding) else None
        mended = replace(fix, replacement=alone.text if alone else None, tried=tried, edits=list(repair))
        return replace(finding, fix=mended)


def _careful(scene: Scene, make: Callable[[Scene], Iterator[T]]) -> Iterator[T]:
    """What a maker makes. Odd source may break it; the others are still asked."""
    try:
        yield from make(scene)
    except (AssertionError, AttributeError, IndexError, KeyError, SyntaxError, TypeError, ValueError):
        return


def _own(scene: Scene) -> Iterator[Repair]:
    fix = scene.finding.fix
    if fix is not None and fix.replacement is not None:
        yield scene.instead(fix.replacement)


def _texts_for(scene: Scene) -> Iterator[str]:
    """Texts for the marked expression: of all repairs that change nothing else, then of small edits by the hundred."""
    from . import rules

    for make in (_own, rules.repairs, usual.repairs):
        yield from (text for repair in _careful(scene, make) if (text := _whole(scene, repair)) is not None)
    yield from islice(_careful(scene, usual.wide), MOST_TEXTS)


def _whole(scene: Scene, repair: Repair) -> str | None:
    """The text of the marked expression with a repair in it; None for one that changes anything else."""
    source, node = scene.source, scene.node
    if len(repair) != 1 or not isinstance(node, ast.expr):
        return None
    text, edit = source.text, repair[0]
    line, column, end_line, end_column = source.place(node)
    inside = (line, column) <= (edit.line, edit.column) and (edit.end_line, edit.end_column) <= (end_line, end_column)
    if not inside or _file(edit) != source.file or (edit.line, edit.column) == (edit.end_line, edit.end_column):
        return None
    start, rest = source.start(line) + column - 1, len(text) - (source.start(end_line) + end_column - 1)
    edited = put_in(text, [edit])
    return edited[start : len(edited) - rest]


def _file(edit: Edit) -> str:
    return edit.file if edit.cell is None else cell_file(edit.file, edit.cell)


def _key(parameter: Parameter) -> tuple[int, str]:
    return parameter.training, parameter.name


def _names(findings: Iterable[Finding]) -> set[str]:
    return {name for f in findings for name in f.parameters}


def _concerned(finding: Finding, report: Report) -> list[Parameter]:
    return [p for p in report.parameters if p.training == finding.training and p.name in finding.parameters]


def _like(finding: Finding, report: Report) -> int:
    """How many findings there are of the same rule, for some of the same parameters or none."""
    mine = set(finding.parameters)
    found = [f for f in report.findings if f.rule == finding.rule and f.severity == "error" and not f.suppressed]
    return sum(1 for f in found if not mine or not f.parameters or mine & set(f.parameters))


def _sources(report: Report) -> Counter[str]:
    """How many trainings have a loss of their own."""
    return Counter(t.loss.source for t in report.trainings if t.loss.source == "own")


def _is_worse(before: Parameter, after: Parameter) -> bool:
    turned = before.direction == "downhill" and after.direction == "uphill"
    return turned or RANKS[after.verdict] > RANKS[before.verdict] or before.shape != after.shape


def _is_there(edit: Edit, finding: Finding) -> bool:
    place = (finding.file, finding.cell, finding.line, finding.column, finding.end_line, finding.end_column)
    return (edit.file, edit.cell, edit.line, edit.column, edit.end_line, edit.end_column) == place
