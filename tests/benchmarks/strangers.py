"""Correct training scripts in many voices: is every parameter found and called right, and is nothing else said?

    python -m tests.benchmarks.strangers [--held-out] [--jobs N] [pattern]

Each script runs once through the tool, untouched. A line says ``ok`` or how it differs from expected.json.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

from .judged import STRANGERS, Answer, Comparison, Entry, ask, compare, expected, several

KINDS = {
    "errors": "false errors",
    "called_wrong": "a right parameter called wrong",
    "not_judged": "a parameter not judged",
    "invented": "a parameter invented",
    "renamed": "names differing",
    "loss": "loss differing",
    "failure": "tool failed",
}
GRADIENTS = ("failure", "errors", "called_wrong", "not_judged")


def chosen(pattern: str, held_out: bool) -> dict[str, Entry]:
    """Entries whose path contains the pattern."""
    return {p: e for p, e in expected().items() if pattern in p and bool(e["held_out"]) == held_out}


def judge(item: tuple[str, Entry]) -> tuple[str, Comparison, Answer]:
    """The tool's answer on one script of expected.json and how it compares."""
    path, entry = item
    answer = ask(STRANGERS / path, entry.get("arguments", ()))
    return path, compare(path, entry, answer), answer


def main() -> None:
    """Prints a line per script and the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--held-out", action="store_true", help="the scripts that no rule was tuned on")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    started = time.perf_counter()
    counts: Counter[str] = Counter()
    judged = parameters = 0
    for path, comparison, answer in several(judge, list(chosen(given.pattern, given.held_out).items()), given.jobs):
        differences = comparison.differences()
        counts["scripts"] += 1
        counts["right"] += not differences
        counts["gradients"] += not [
            d for k in ("failure", "errors", "called_wrong", "not_judged") for d in getattr(comparison, k)
        ]
        counts.update(kind for kind in KINDS if getattr(comparison, kind))
        wanted = len(expected()[path]["parameters"])
        parameters += wanted
        judged += max(0, wanted - len(comparison.not_judged) - len(comparison.called_wrong)) if answer.report else 0
        print(
            f"{'ok ' if not differences else 'BAD'} {path:<42} {answer.seconds:5.1f} s  {'; '.join(differences)}",
            flush=True,
        )
    print()
    print(f"fully right                      {counts['right']} of {counts['scripts']} scripts")
    print(f"all parameters right, no error   {counts['gradients']} of {counts['scripts']} scripts", end=", ")
    print(f"{judged} of {parameters} parameters")
    for kind, text in KINDS.items():
        print(f"{text:<32} {counts[kind]} scripts")
    print(f"seconds                          {time.perf_counter() - started:.0f}")


if __name__ == "__main__":
    main()
