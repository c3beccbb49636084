"""A right value times a factor: which factor the script took, and which one the derivative needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import forms
from .spot import Incoming, Known, Spot

NEAREST = 4


@dataclass(frozen=True, slots=True)
class Factor:
    """``value`` = ``incoming`` * ``used`` where ``incoming`` * ``needed`` is ``wanted``, a multiple of an adjoint.

    ``used`` and ``needed`` are given where the incoming value is not zero (``there``). ``inner`` are the forward
    entries whose adjoint is wanted, ``outer`` those of the incoming value. ``needed`` is constant where the incoming
    value itself is wanted.
    """

    spot: Spot
    incoming: Incoming
    wanted: np.ndarray
    used: np.ndarray
    needed: np.ndarray
    there: np.ndarray
    inner: tuple[int, ...]
    outer: tuple[int, ...]

    @property
    def superfluous(self) -> bool:
        """Whether no factor was needed."""
        return self.inner == self.outer

    def ends(self) -> list[tuple[int, np.ndarray]]:
        """The values at both ends of the local step: outer (0) and inner (1)."""
        found = ((i, self.spot.forward_value(e)) for i, e in enumerate((self.outer, self.inner)))
        return [(i, v) for i, v in found if v is not None and v.size == self.there.size]

    def family(self) -> str:
        """The activation between the two ends, by the factor that its derivative needs; "" where unknown."""
        found = {form.family for form, _ in forms.matches(self.needed, self.there, self.ends()) if form.family}
        return found.pop() if len(found) == 1 else ""

    def as_form(self) -> Iterator[tuple[forms.Form, Known]]:
        """Forms of known values that the used factor is."""
        kept = self.spot.kept
        key = ("forms", self.incoming.entries)  # the used factor is one for all that may be wanted
        if key not in kept:
            pool = self.spot.known(self.wanted.shape)
            found = forms.matches(self.used, self.there, [(i, k.value) for i, k in enumerate(pool)])
            kept[key] = [(form, pool[i]) for form, i in found]
        yield from kept[key]


def at(spot: Spot) -> list[Factor]:
    """The factors that a place may be about: its value against each adjoint one local step further."""
    if "factors" not in spot.kept:
        spot.kept["factors"] = list(_at(spot))
    found: list[Factor] = spot.kept["factors"]
    return found


def _at(spot: Spot) -> Iterator[Factor]:
    value = spot.value
    if value is None or value.ndim == 0:
        return
    for incoming in spot.incoming():
        used = forms.ratio(value, incoming.value) if incoming.value.shape == value.shape else None
        if used is None:
            continue
        yield Factor(
            spot, incoming, incoming.value, used[0], np.ones_like(used[0]), used[1],
            incoming.partner.entries, incoming.partner.entries,
        )  # fmt: skip
        if incoming.partner.transposed:  # other adjoints of its shape are no neighbours of it
            continue
        before = min(incoming.partner.entries)
        for count, (inner, g) in enumerate(spot.truths(value.shape, before)):
            if count == NEAREST:
                break
            wanted = incoming.partner.scale * g
            needed = forms.ratio(wanted, incoming.value)
            if needed is not None and np.array_equal(needed[1], used[1]):
                yield Factor(
                    spot, incoming, wanted, used[0], needed[0], used[1], inner, incoming.partner.entries
                )  # fmt: skip


def is_softmax(p: np.ndarray) -> bool:
    """Whether the entries are positive and sum to one along an axis."""
    if p.ndim == 0 or p.size < 2 or not np.all(p > 0):
        return False
    return any(p.shape[axis] > 1 and np.allclose(p.sum(axis=axis), 1.0, rtol=0, atol=1e-9) for axis in range(p.ndim))


def mends(factor: Factor) -> tuple[tuple[int, ...], list[np.ndarray]]:
    """The entries of the place, and what they should have made."""
    return factor.spot.entries, factor.spot.apart(factor.wanted)
