"""What the tool said about proven edits, and the tables of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck.results import Finding, Parameter

from .judged import RIGHT, STRANGERS, Answer, Entry, ask, expected, match

LEFT_OUT = ("crash", "unreached", "forward", "optimiser", "other loss", "other output", "unproven")
KINDS = ("structure", "sign", "uphill", "frozen", "scale")
GRAVE = ("structure", "sign", "uphill")
GRAVE_ROW = "neither a mere factor nor zero"
ANSWERS = ("wrong", "told", "not judged", "inconclusive", "right")


@dataclass(frozen=True)
class Case:
    """An edited script on disk with what was proven about it."""

    path: str
    root: str
    operator: str
    file: str
    lines: tuple[int, int]
    before: str
    after: str
    label: str
    kinds: dict[str, str]
    factors: dict[str, float]
    proofs: list[dict[str, Any]]


@dataclass(frozen=True)
class Usual:
    """Names and scales under which the tool reports the untouched script's parameters, by index."""

    names: dict[int, tuple[str, int]]
    scales: dict[int, float | None]


def usual(path: str, entry: Entry) -> Usual:
    """The tool's answer on the untouched script."""
    answer = ask(STRANGERS / path, entry.get("arguments", ()))
    if answer.report is None:
        return Usual({}, {})
    named, shaped, _ = match(entry, answer.report)
    pairs = {**named, **shaped}
    return Usual({i: (p.name, p.training) for i, p in pairs.items()}, {i: p.scale for i, p in pairs.items()})


@dataclass
class Told:
    """What was said about one case: answers on its wrong parameters, errors, right parameters called wrong."""

    case: Case
    answers: dict[int, str]
    errors: list[Finding]
    accused: list[str]
    uphill: int
    seconds: float

    @property
    def near(self) -> bool:
        """Whether the first error stands within one line of the edit."""
        return bool(self.errors) and self._near(self.errors[0])

    @property
    def any_near(self) -> bool:
        """Whether some error stands within one line of the edit."""
        return any(map(self._near, self.errors))

    def _near(self, finding: Finding) -> bool:
        first, last = self.case.lines
        return Path(finding.file).name == Path(self.case.file).name and first - 1 <= finding.line <= last + 1


def tell(case: Case, entry: Entry, known: Usual) -> Told:
    """Runs the tool on one case."""
    answer = ask(Path(case.root) / case.path, entry.get("arguments", ()))
    seen = {int(i): _seen(int(i), entry, answer, known) for i in case.kinds}
    answers = {i: _answer(case, i, p, known) for i, p in seen.items() if case.kinds[str(i)] in KINDS}
    clear = (
        "scale" not in case.kinds.values()
    )  # with factors about, which parameters are right is a matter of the majority
    right = [p for i, p in seen.items() if p and case.kinds[str(i)] == "right" and clear]
    accused = [p.name for p in right if p.verdict == "wrong"]
    findings = answer.report.findings if answer.report else []
    errors = [f for f in findings if f.severity == "error" and not f.suppressed]
    uphill = sum(a == "right" and seen[i].direction == "uphill" for i, a in answers.items())  # type: ignore[union-attr]
    return Told(case, answers, errors, accused, uphill, answer.seconds)


def _seen(i: int, entry: Entry, answer: Answer, known: Usual) -> Parameter | None:
    if answer.report is None:
        return None
    if i in known.names:
        name, training = known.names[i]
        shape = entry["parameters"][i]["shape"]
        fits = [p for p in answer.report.parameters if name in {p.name, *p.names} and p.shape == shape]
        if fits:
            return min(fits, key=lambda p: p.training != training)
    return match(entry, answer.report)[0].get(i)


def _answer(case: Case, i: int, seen: Parameter | None, known: Usual) -> str:
    if seen is None or seen.verdict == "not_judged":
        return "not judged"
    if seen.verdict not in RIGHT:
        return seen.verdict
    was, factor = known.scales.get(i), case.factors.get(str(i), 0.0)
    if case.kinds[str(i)] == "scale" and seen.scale and was and abs(seen.scale / was / factor - 1) < 1e-3:
        return "told"
    return "right"


def table(title: str, rows: dict[str, Counter[str]]) -> None:
    """Answers per row, with the share that was called wrong or told, and the share called right."""
    print(
        f"\n{title:<40}{'mutants':>8}{'params':>8}"
        + "".join(f"{a:>13}" for a in ANSWERS)
        + f"{'caught':>9}{'escaped':>9}"
    )
    for name, row in rows.items():
        total = sum(row[a] for a in ANSWERS)
        caught, escaped = row["wrong"] + row["told"], row["right"]
        shares = f"{caught / total:9.1%}{escaped / total:9.1%}" if total else ""
        print(f"{name:<40}{row['mutants']:>8}{total:>8}" + "".join(f"{row[a]:>13}" for a in ANSWERS) + shares)


def tables(told: list[Told], counts: Counter[str], seconds: tuple[float, float]) -> None:
    """Everything that the benchmark prints."""
    wrong = [t for t in told if t.case.label == "wrong"]
    harmless = [t for t in told if t.case.label != "wrong"]
    print(
        f"\nedits tried {sum(counts.values())}: {counts['wrong']} proven wrong, {counts['same']} change nothing, ",
        end="",
    )
    print(f"{counts['common factor']} scale all gradients alike; left out: ", end="")
    print(", ".join(f"{counts[label]} {label}" for label in LEFT_OUT))
    rows = _rows(wrong)
    for group in ("wrong parameters", "by kind", "by operator", "by script"):
        table(group, rows[group] if group == "wrong parameters" else dict(sorted(rows[group].items())))
    _findings(wrong, harmless)
    print(f"seconds: {seconds[0]:.0f} to edit and prove, {seconds[1]:.0f} for the tool on {len(told)} scripts")


def _rows(wrong: list[Told]) -> dict[str, dict[str, Counter[str]]]:
    """Answers by table and row; the tables by operator and by script leave mere factors and zero gradients out."""
    rows: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for row in ("any kind", GRAVE_ROW):
        rows["wrong parameters"][row].clear()
    own = expected()
    for t in wrong:
        for group, row in (("by operator", t.case.operator), ("by script", t.case.path)):
            rows[group][row]["mutants"] += 1
        for i, answer in t.answers.items():
            kind = t.case.kinds[str(i)]
            rows["by kind"][kind][answer] += 1
            rows["wrong parameters"]["any kind"][answer] += 1
            if kind in GRAVE:
                rows["wrong parameters"][GRAVE_ROW][answer] += 1
                reported = own[t.case.path]["loss"]["source"] == "own"
                rows["wrong parameters"][f"    script reports {'its' if reported else 'no'} loss"][answer] += 1
                rows["by operator"][t.case.operator][answer] += 1
                rows["by script"][t.case.path][answer] += 1
    return rows


def _findings(wrong: list[Told], harmless: list[Told]) -> None:
    found = [t for t in wrong if t.errors]
    near, any_near = sum(t.near for t in found), sum(t.any_near for t in found)
    print(f"\nmutants with an error finding: {len(found)} of {len(wrong)}")
    print(f"first error within one line of the edit: {near} of {len(found)}; some error: {any_near}")
    print(f"wrong parameters called right, but with the direction uphill: {sum(t.uphill for t in wrong)}")
    accused = [t for t in wrong if t.accused]
    print(f"mutants in which a right parameter is called wrong: {len(accused)} of {len(wrong)}")
    false = [t for t in harmless if t.errors or t.accused]
    print(f"false errors on harmless edits: {len(false)} of {len(harmless)}")
    for t in false:
        print(f"    {_describe(t)}: {', '.join(f'{f.rule} line {f.line}' for f in t.errors)} {' '.join(t.accused)}")


def _describe(t: Told) -> str:
    text = f"{t.case.before} -> {t.case.after}".replace("\n", " ")
    return f"{t.case.path}:{t.case.lines[0]} {t.case.operator} [{t.case.label}] {text[:110]}"


def listed(t: Told) -> str:
    """One case and what was said about it."""
    said = ", ".join(f"{i}:{t.case.kinds[str(i)]}={a}" for i, a in t.answers.items())
    errors = ", ".join(f"{f.rule}@{f.line}" for f in t.errors)
    return f"{_describe(t)}\n      {said}  errors: {errors or 'none'}  accused: {' '.join(t.accused) or 'none'}"
