"""Is an edit of a script a mistake? Decided by measuring: the script's own objective, its gradients and its movement.

An edited script is compared with the untouched one at the same parameters: at the first judged step, at that step
with jittered parameters and at a later step. Where the objective is the same number, the untouched script's gradient is
the true one; each parameter that differs from it must then also differ from a central difference of the *edited*
script's own objective.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from .truth import STRANGERS, Reading, Script, Step, Unreachable, difference, measure

Vectors = list[np.ndarray]
GRAVEST_FIRST = ("structure", "uphill", "frozen", "sign", "scale", "optimiser")


@dataclass(frozen=True)
class Difference:
    """One parameter at one point: its true gradient t, what the edited script used, u, and how u = k t + residual."""

    kind: str  # right, scale, sign, structure, frozen, uphill, optimiser
    k: float = 1.0
    used: np.ndarray = field(default_factory=lambda: np.zeros(0))
    true: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Point:
    """Where a step was looked at, and each parameter's difference there."""

    nth: int
    values: Vectors
    differences: list[Difference]


@dataclass
class Verdict:
    """What an edit is: wrong, same, common factor, other loss, forward, optimiser, unproven, unreached or crash.

    ``kinds`` holds each parameter's kind by its index in expected.json; ``proofs`` the central differences' figures.
    """

    label: str
    kinds: dict[int, str] = field(default_factory=dict)
    factors: dict[int, float] = field(default_factory=dict)
    proofs: list[dict[str, Any]] = field(default_factory=list)
    why: str = ""


class Original:
    """One step of an untouched script at any parameters."""

    def __init__(self, script: Script, step: Step) -> None:
        self.script, self.step = script, step
        self._kept: dict[bytes, Reading] = {}

    def at(self, nth: int, values: Vectors | None = None) -> Reading:
        """The reading at given parameters, or at those the script has there itself."""
        key = hashlib.sha256(repr(nth).encode() + b"".join(v.tobytes() for v in values or [])).digest()
        if key not in self._kept:
            self._kept[key] = measure(self.script, self.step, nth, STRANGERS, values)
        return self._kept[key]

    @cached_property
    def plain(self) -> bool:
        """Whether each parameter moves along its gradient exactly, so that the movement can be judged as well."""
        readings = [self.at(nth) for nth in self.step.nths[:2]]
        return all(r.moved is not None and all(map(_along, r.moved, r.gradients)) for r in readings)

    @cached_property
    def jittered(self) -> Vectors:
        """Parameters some way from where the script has them; the same on every run."""
        before = self.at(self.step.nths[0]).before
        random = np.random.default_rng(31)
        return [v + 0.3 * (np.sqrt(np.mean(v**2)) or 0.3) * random.standard_normal(v.size) for v in before]


def _along(moved: np.ndarray, gradient: np.ndarray) -> bool:
    size = float(gradient @ gradient)
    if not size:
        return not moved.any()
    k = float(moved @ gradient) / size
    return bool(np.linalg.norm(moved - k * gradient) <= 1e-6 * max(np.linalg.norm(moved), 1e-300))


class Prover:
    """Judges edited copies of one script."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.originals = [Original(script, step) for step in script.steps]

    def judge(self, root: Path) -> Verdict:
        """The verdict on the copy of the script below ``root``."""
        points: list[list[Point]] = []
        try:
            for original in self.originals:
                points.append(self._points(original, root))
        except Unreachable as error:
            return Verdict("unreached", why=str(error))
        except Exception as error:
            return Verdict("crash", why=f"{type(error).__name__}: {error}"[:120])
        if not any(points):
            return Verdict("forward")
        try:
            return self._verdict(points, root)
        except Exception as error:
            return Verdict("unproven", why=str(error)[:120])

    def _points(self, original: Original, root: Path) -> list[Point]:
        step, script = original.step, original.script
        first = self._point(original, step.nths[0], measure(script, step, step.nths[0], root))
        if first is None:
            return []
        jittered = measure(script, step, step.nths[0], root, original.jittered)
        second = self._point(original, step.nths[0], jittered)
        if second is None:
            return []  # an edited forward pass can hide at the first parameters, behind a bias of zero
        found = [first, second]
        if len(step.nths) > 1:
            try:
                later = self._point(original, step.nths[1], measure(script, step, step.nths[1], root))
                found += [later] if later else []
            except Unreachable:
                pass
        return found

    def _point(self, original: Original, nth: int, edited: Reading) -> Point | None:
        """None where the objective is another number: the edit is not in the backward code, or it acted before."""
        if not all(np.isfinite(v).all() for v in (edited.losses, *edited.before)):
            return None
        true = original.at(nth, edited.before)
        if not np.allclose(edited.losses[0], true.losses[0], rtol=1e-9, atol=1e-12):
            return None
        largest = max((float(np.linalg.norm(g)) for g in true.gradients), default=0.0)
        count = range(len(true.gradients))
        return Point(nth, edited.before, [_compared(i, edited, true, original.plain, largest) for i in count])

    def _verdict(self, points: list[list[Point]], root: Path) -> Verdict:
        result = Verdict("same")
        for original, seen in zip(self.originals, points, strict=True):
            count = range(len(original.step.params)) if seen else ()
            kinds = [self._kind([p.differences[i] for p in seen]) for i in count]
            if _common_factor(kinds):
                kinds = [("right", 1.0)] * len(kinds)
            self._record(original, seen, kinds, result, root)
        wrong = [k for k in result.kinds.values() if k not in {"right", "optimiser", "unproven"}]
        if wrong:
            result.label = "other loss" if self._fits_another_loss(points, root) else "wrong"
        elif set(result.kinds.values()) - {"right"}:
            result.label = "unproven" if "unproven" in result.kinds.values() else "optimiser"
        elif not all(points):
            result.label = "forward"
        elif any(d.kind != "right" for seen in points for p in seen for d in p.differences):
            result.label = "common factor"
        return result

    @staticmethod
    def _kind(differences: list[Difference]) -> tuple[str, float]:
        """One kind for a parameter over all points: a factor that is not the same everywhere is no factor."""
        telling = [d for d in differences if d.kind != "right" or d.true.any()]  # zero times any factor is zero
        kinds = [d.kind for d in telling if d.kind != "right"]
        factors = [d.k for d in telling]
        if not kinds:
            return "right", 1.0
        if set(kinds) <= {"scale", "sign"}:
            steady = len(kinds) == len(factors) and np.allclose(factors, factors[0], rtol=1e-4)
            return (kinds[0], factors[0]) if steady else ("structure", 0.0)
        return next(k for k in ("structure", "uphill", "frozen", "sign", "scale", "optimiser") if k in kinds), factors[
            0
        ]

    def _record(
        self, original: Original, seen: list[Point], kinds: list[tuple[str, float]], result: Verdict, root: Path
    ) -> None:
        for i, (kind, factor) in enumerate(kinds):
            index = original.step.params[i][2]
            if kind not in {"right", "optimiser"}:
                point = next(p for p in seen if p.differences[i].kind not in {"right", "optimiser"})
                proof = self._certificate(original, point, i, root)
                result.proofs.append({"parameter": original.step.params[i][0], "kind": kind, **proof})
                kind = kind if proof["proven"] else "unproven"
            if result.kinds.get(index, "right") == "right":
                result.kinds[index], result.factors[index] = kind, factor

    def _certificate(self, original: Original, point: Point, i: int, root: Path) -> dict[str, Any]:
        """A central difference of the edited script's own objective, in the direction in which u and t differ most."""
        seen = point.differences[i]
        apart = seen.used - seen.true
        size = float(np.linalg.norm(apart))
        if not size or not np.isfinite(size):
            return {"proven": False}
        direction = apart / size
        numeric = difference(original.script, original.step, point.nth, root, point.values, i, direction)[0]
        true, used = float(seen.true @ direction), float(seen.used @ direction)
        return {
            "proven": bool(abs(numeric - true) <= 1e-2 * abs(used - true)),
            "numeric": numeric,
            "true": true,
            "used": used,
        }

    def _fits_another_loss(self, points: list[list[Point]], root: Path) -> bool:
        """Where the script has no loss of its own: the gradients may be exactly those of another one."""
        for original, seen in zip(self.originals, points, strict=True):
            for which in range(len(original.step.other_losses)):
                count = range(len(original.step.params)) if seen else ()
                ratios = [r for i in count for r in self._ratios(original, seen[0], i, which, root)]
                whole = len(ratios) == 2 * len(original.step.params)
                if whole and np.allclose(ratios, ratios[0], rtol=1e-4) and ratios[0] > 0:
                    return True
        return False

    def _ratios(self, original: Original, point: Point, i: int, which: int, root: Path) -> list[float]:
        used = point.differences[i].used
        size = float(np.linalg.norm(used))
        if not size:
            return []
        noise = np.random.default_rng(5).standard_normal(used.size)
        ratios = []
        for direction in (used / size, used / size + 0.5 * noise / np.linalg.norm(noise)):
            found = difference(original.script, original.step, point.nth, root, point.values, i, direction)
            ratios.append(found[1 + which] / float(used @ direction))
        return ratios


def _common_factor(kinds: list[tuple[str, float]]) -> bool:
    factors = [k for kind, k in kinds if kind == "scale"]
    return bool(factors) and len(factors) == len(kinds) and np.allclose(factors, factors[0], rtol=1e-6)


def _compared(i: int, edited: Reading, original: Reading, plain: bool, largest: float) -> Difference:
    true = original.gradients[i]
    if plain and edited.moved is not None and original.moved is not None:
        return _by_movement(true, edited.moved[i], original.moved[i], edited.before[i], largest)
    used = edited.gradients[i]
    if used.shape != true.shape:
        return Difference("structure", 0.0, np.zeros_like(true), true)
    found = _fitted(used, true, 1e-6, largest)
    return found if found.kind != "right" else _by_optimiser(i, edited, original, found)


def _by_movement(
    true: np.ndarray, moved: np.ndarray, usual: np.ndarray, before: np.ndarray, largest: float
) -> Difference:
    rate = float(usual @ true) / (float(true @ true) or 1.0)
    if not rate:
        return Difference("right" if not moved.any() else "structure", 1.0, moved, true)
    rounding = 1e-15 * np.linalg.norm(before) / max(float(np.linalg.norm(moved)), 1e-300)
    return _fitted(moved / rate, true, max(1e-6, min(float(rounding), 1e-3)), largest)


def _fitted(used: np.ndarray, true: np.ndarray, tolerance: float, largest: float) -> Difference:
    if not np.isfinite(used).all():
        return Difference("structure", 0.0, np.nan_to_num(used, nan=1e3, posinf=1e3, neginf=-1e3), true)
    size, apart = float(np.linalg.norm(true)), float(np.linalg.norm(used - true))
    if apart <= tolerance * size or max(apart, size) <= 1e-10 * largest:
        return Difference("right", 1.0, used, true)
    if not used.any():
        return Difference("frozen", 0.0, used, true)
    k = float(used @ true) / size**2 if size else 0.0
    if k and np.linalg.norm(used - k * true) <= 10 * tolerance * abs(k) * size:
        return Difference("scale" if k > 0 else "sign", k, used, true)
    return Difference("structure", k, used, true)


def _by_optimiser(i: int, edited: Reading, original: Reading, found: Difference) -> Difference:
    """The gradient is right: what the optimiser made of it."""
    if edited.moved is None or original.moved is None:
        return found
    now, usual = edited.moved[i], original.moved[i]
    if np.allclose(now, usual, rtol=1e-6, atol=1e-12 * float(np.abs(edited.before[i]).max(initial=1.0))):
        return found
    if usual.any() and not now.any():
        return Difference("frozen", 0.0, np.zeros_like(found.true), found.true)
    if now @ found.true > 0 > usual @ found.true:
        return Difference("uphill", -1.0, -found.true, found.true)
    return Difference("optimiser", 1.0, found.used, found.true)
