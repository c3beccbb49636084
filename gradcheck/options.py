"""What a caller can choose, as data: how a script is checked, and how its report is shown."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from .errors import UsageError

Color = Literal["auto", "always", "never"]

TIMEOUT = 120.0
SEVERAL = ("follow", "arguments", "select", "ignore")


@dataclass(frozen=True, slots=True)
class Options:
    """How one script is run and checked.

    ``python`` is an interpreter's path (``None``: found from the surroundings). ``timeout`` is in seconds, 0 means
    none. ``follow`` names installed packages that are recorded like the script's own modules. ``batch_sizes`` are those
    at which the step is run again: "auto", or at least two numbers of rows. ``steps`` is how many training steps are
    followed in a second run, at the script's own speed. ``select`` and ``ignore`` are slugs of rules: findings of
    others than the selected ones, and of the ignored ones, are kept but suppressed. ``drawn`` tells that a page is
    wanted: what only a page shows is measured too. ``repair``: run the script again with edits that may mend each
    error, and keep those that come out right in the findings' fixes.
    """

    python: str | None = None
    timeout: float = TIMEOUT
    seed: int = 0
    loss: str | None = None
    maximize: bool = False
    call: str | None = None
    follow: tuple[str, ...] = ()
    stand_ins: bool = True
    arguments: tuple[str, ...] = ()
    batch_sizes: tuple[int, ...] | Literal["auto"] | None = None
    steps: int | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    drawn: bool = False
    repair: bool = False

    @classmethod
    def from_keywords(cls, keywords: dict[str, Any]) -> Options:
        """Options from a caller's keywords. Raises UsageError for an unknown name, with the nearest one."""
        known = [f.name for f in dataclasses.fields(cls)]
        for name in keywords:
            if name not in known:
                raise UsageError(f"there is no option `{name}`", near_miss(name, known, "an option"))
        values: dict[str, Any] = {k: tuple(v) if k in SEVERAL else v for k, v in keywords.items()}
        if "batch_sizes" in values:
            values["batch_sizes"] = batch_sizes(values["batch_sizes"])
        if values.get("steps") is not None and (type(values["steps"]) is not int or values["steps"] < 1):
            raise UsageError(f"steps {values['steps']}: not understood", "give how many steps to follow, such as 200")
        return cls(**values)


def batch_sizes(chosen: Any) -> tuple[int, ...] | Literal["auto"] | None:
    """Sizes in ascending order from a list, or from text such as "8,32,128". Raises UsageError."""
    if chosen is None:
        return None
    if chosen == "auto":
        return "auto"
    try:
        sizes = tuple(sorted({int(size) for size in (chosen.split(",") if isinstance(chosen, str) else chosen)}))
    except (TypeError, ValueError):
        sizes = ()
    if len(sizes) < 2 or sizes[0] < 1:
        raise UsageError(f"batch sizes {chosen}: not understood", 'give two or more, such as 8,32,128, or "auto"')
    return sizes


@dataclass(frozen=True, slots=True)
class Display:
    """How a report is shown. ``width`` is in terminal cells; ``blocks`` tells that it can show block characters."""

    width: int = 100
    color: bool = False
    quiet: bool = False
    blocks: bool = False


def near_miss(name: str, known: Iterable[str], noun: str) -> str:
    """A sentence that states the existing name closest to ``name``, or lists all when none is close."""
    names = list(known)
    close = difflib.get_close_matches(name.lower(), names, n=1)
    return f"{noun} `{close[0]}` exists" if close else "known are: " + ", ".join(names)
