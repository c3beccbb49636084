"""How many of the mistakes under cases/ get a repair that comes out right: ``python -m tests.benchmarks.fixes``.

Each script is checked with repairs tried; then all that were found are put into a copy, which is checked afresh.
Arguments are folders of cases (all of them where none is given).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from gradcheck import check_script
from gradcheck.editing.edits import put_in
from gradcheck.results import Finding, Report

CASES = Path(__file__).parent.parent.parent / "cases"
WORKERS = 2


@dataclass(frozen=True)
class Outcome:
    """A script's errors, whether the repaired copy came out without any, and how long it took."""

    script: Path
    errors: list[Finding]
    clean: bool
    seconds: float


def scripts(folders: list[str]) -> Iterator[Path]:
    """The broken scripts of the cases."""
    for folder in sorted(CASES.iterdir()):
        if not folders or folder.name in folders:
            broken = sorted([*folder.glob("bad*.py"), *folder.glob("two_*.py")])
            whole = [folder / name for name in ("main.py", "model.py") if (folder / name).exists()]
            yield from broken or whole


def errors_of(report: Report) -> list[Finding]:
    """The errors that count."""
    return [f for f in report.findings if f.severity == "error" and not f.suppressed]


def measure(script: Path) -> Outcome:
    """What becomes of one script."""
    begun = time.monotonic()
    errors = errors_of(check_script(script, repair=True))
    seconds = time.monotonic() - begun
    edits = [edit for f in errors if f.fix for edit in f.fix.edits]
    if not edits:
        return Outcome(script, errors, False, seconds)
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(shutil.copytree(script.parent, Path(folder) / "copy"))
        for file in {edit.file for edit in edits}:
            copy = copied / Path(file).relative_to(script.parent)
            copy.write_text(put_in(copy.read_text(), [e for e in edits if e.file == file]))
        after = check_script(copied / script.name)
    return Outcome(script, errors, not errors_of(after) and after.verdict != "not_judged", seconds)


def main() -> None:
    """Prints a line for each script and the table by rule."""
    found: dict[str, Counter[str]] = {}
    broken = clean = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for outcome in pool.map(measure, scripts(sys.argv[1:])):
            broken, clean = broken + bool(outcome.errors), clean + outcome.clean
            for finding in outcome.errors:
                row = found.setdefault(finding.rule, Counter())
                mended = bool(finding.fix and finding.fix.tried and finding.fix.tried.get("by"))
                edits = finding.fix.edits if finding.fix else []
                row.update(errors=1, repaired=mended, clean=mended and outcome.clean)
                shown = " | ".join(f"{e.line}: {e.text}" for e in edits) or ("by another's" if mended else "none")
                place = f"{outcome.script.parent.name}/{outcome.script.name}:{finding.line}"
                print(f"{place} {finding.rule}: {shown}  [{outcome.seconds:.0f} s]", flush=True)
    print(f"\n{'rule':<32}{'errors':>8}{'repaired':>10}{'clean':>8}")
    total: Counter[str] = Counter()
    for rule, row in sorted(found.items()):
        total.update(row)
        print(f"{rule:<32}{row['errors']:>8}{row['repaired']:>10}{row['clean']:>8}")
    print(f"{'all':<32}{total['errors']:>8}{total['repaired']:>10}{total['clean']:>8}")
    print(f"scripts with an error: {broken}; without any once they are repaired: {clean}")


if __name__ == "__main__":
    main()
