"""Random small NumPy programs as text, drawn by Hypothesis.

Each statement is tried on the values that the program has so far, so that a drawn program runs. `smooth` programs have
no kink within reach of a central difference.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

Draw = Callable[..., Any]
MOST = 48
LARGEST = 30.0
PREAMBLE = "import math\nimport numpy as np\n"


@dataclass(frozen=True, slots=True)
class Program:
    """``text`` finds the leaves under their names and leaves a number ``loss``."""

    text: str
    leaves: dict[str, np.ndarray]

    def values(self, dtype: Any = None) -> dict[str, np.ndarray]:
        """Fresh copies of the leaves."""
        return {k: np.array(v, dtype=dtype or v.dtype) for k, v in self.leaves.items()}


@dataclass(slots=True)
class Writer:
    """A program in the making."""

    draw: Draw
    leaves: dict[str, np.ndarray]
    smooth: bool
    names: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    count: int = 0

    # what there is

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def arrays(self, ndim: int | None = None, writable: bool = False) -> list[str]:
        return [
            k for k, v in self.names.items()
            if isinstance(v, np.ndarray) and v.dtype.kind == "f" and v.size and (ndim is None or v.ndim == ndim)
            and v.ndim and (not writable or v.flags.writeable)
        ]  # fmt: skip

    def array(self, ndim: int | None = None, writable: bool = False) -> str:
        found = self.arrays(ndim, writable)
        return self.pick(*found) if found else self.pick(*self.arrays())

    def number(self) -> str:
        found = [k for k, v in self.names.items() if isinstance(v, float | np.floating)]
        return self.pick(*found, "0.5", "1.25", "-0.75") if found else self.pick("0.5", "1.25", "-0.75")

    def fresh(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    # pieces of text

    def index(self, name: str) -> str:
        """One element."""
        shape = self.names[name].shape
        return ", ".join(str(self.draw(st.integers(-n, n - 1))) for n in shape)

    def region(self, name: str) -> str:
        """A basic index that selects a view."""
        part = st.sampled_from([":", "::-1", "1:", ":-1", "::2", "0", "-1", "None", "..."])
        found = [self.draw(part) for _ in range(self.names[name].ndim)]
        while found.count("...") > 1:
            found.remove("...")
        return ", ".join(found)

    def rows(self, name: str) -> str:
        """Integers along the first axis, repeated ones among them."""
        n = len(self.names[name])
        return str(self.draw(st.lists(st.integers(-n, n - 1), min_size=1, max_size=4)))

    def mask(self, name: str) -> str:
        """A mask of the array's shape; in smooth programs one that no perturbation changes."""
        if self.smooth:
            return f"(np.arange({name}.size).reshape({name}.shape) % {self.pick(2, 3)} == 1)"
        return self.pick(f"{name} > 0.1", f"({name} < 0.3) & ({name} > -0.4)", f"~({name} >= 0)")

    def operand(self) -> str:
        return self.pick(self.array(), self.array(), self.number())

    # growing

    def add(self, text: str) -> bool:
        """Append a statement if it runs and its values stay within bounds."""
        trial = self.run([*self.lines, text])
        if trial is None or not all(_tame(v) for v in trial.values()):
            return False
        self.names = trial
        self.lines.append(text)
        return True

    def run(self, lines: list[str]) -> dict[str, Any] | None:
        """What the lines leave behind, from the leaves on (copies of the values would not share memory as these do)."""
        names: dict[str, Any] = {"np": np, "math": math, **copy.deepcopy(self.leaves)}
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                exec("\n".join(lines), names)
        except Exception:
            return None
        del names["__builtins__"]
        return names


def _tame(value: Any) -> bool:
    if isinstance(value, list | tuple | dict):
        return all(_tame(v) for v in (value.values() if isinstance(value, dict) else value))
    if isinstance(value, float | np.floating | np.ndarray) and not isinstance(value, bool):
        array = np.asarray(value)
        if array.dtype.kind == "f":
            return array.size <= MOST and bool(np.all(np.abs(array) < LARGEST))
    return not isinstance(value, complex | np.complexfloating)


def _views(w: Writer) -> str:
    a = w.array()
    return w.pick(
        f"{a}[{w.region(a)}]", f"{a}[{w.region(a)}]", f"{a}.T", f"{a}.reshape(-1)", f"{a}.ravel()", f"{a}[::-1]",
        f"{a}[..., None]", f"np.flip({a})", f"np.squeeze({a})", f"np.atleast_2d({a})", f"{a}.reshape({a}.size, 1)",
        f"np.broadcast_to({a}, (2,) + {a}.shape)", f"np.swapaxes({a}, 0, -1)", f"np.diagonal({w.array(2)})",
        f"np.lib.stride_tricks.sliding_window_view({w.array(1)}, 2)", f"{a}.view()", f"{a}[:]",
    )  # fmt: skip


def _elementwise(w: Writer) -> str:
    a, x, y = w.array(), w.operand(), w.operand()
    smooth = (
        f"{a} + {x}", f"{x} - {a}", f"{a} * {x}", f"{a} * {x}", f"{a} / (1.5 + {x} * {x})", f"np.tanh({a})", f"-{a}",
        f"np.exp(-{a} * {a})", f"np.sin({a} + {x})", f"{a} ** 2", f"np.sqrt(1.0 + {a} * {a})", f"2.0 ** {a}",
        f"np.log(1.5 + {a} * {a})", f"1.0 / (1.0 + np.exp(-{a}))", f"np.where({w.mask(a)}, {a}, {x})",
        f"({a} - {x}) ** 2 * 0.5", f"np.square({a})", f"np.multiply({a}, {x})", f"{a}.copy()", f"+{a}",
        f"np.arctan2({a}, 2.0 + {x} * {x})", f"np.logaddexp({a}, {x})", f"{a}.astype(float)",
    )  # fmt: skip
    kinked = (f"np.maximum({a}, {x})", f"np.abs({a})", f"np.clip({a}, -0.3, {y})", f"{a} * ({a} > 0)", f"np.sign({a})",
              f"np.floor({a})", f"{a} % 0.7", f"{a} // 0.4", f"np.round({a}, 1)", f"{a} % {x}")  # fmt: skip
    return w.pick(*smooth) if w.smooth else w.pick(*smooth, *kinked)


def _folded(w: Writer) -> str:
    a, b, m, n, v = w.array(), w.array(), w.array(2), w.array(2), w.array(1)
    axis = w.pick("None", "0", "-1")
    smooth = (
        f"{a}.sum(axis={axis})", f"np.sum({a}, axis={axis}, keepdims=True)", f"np.mean({a}, axis={axis})",
        f"{m} @ {n}.T",
        f"{m}.dot({n}.T)", f"np.dot({v}, {v})", f"np.einsum('ij,kj->ik', {m}, {n})", f"np.einsum('ij->j', {m})",
        f"np.outer({v}, {v})", f"np.cumsum({a})", f"np.var({a})", f"np.linalg.norm({a} + 2.0)", f"{m}.T @ {n}",
        f"{m} @ {v}",
        f"np.tensordot({a}, {b}, axes=1)", f"{a}.mean()",
        f"np.std({a} * np.arange(1, 1 + {a}.size).reshape({a}.shape))",
        f"np.add.reduce({a})", f"np.prod(1.0 + 0.1 * {a})", f"np.trace({m})",
    )  # fmt: skip
    kinked = (f"np.max({a}, axis={axis})", f"{a}.min()", f"np.sort({v})", f"np.median({a})",
              f"{a}[np.argsort({a}, axis=0)[0]]",
              f"np.maximum.accumulate({v})", f"{m}[np.arange(len({m})), np.argmax({m}, axis=1)]")  # fmt: skip
    return w.pick(*smooth) if w.smooth else w.pick(*smooth, *kinked)


def _joined(w: Writer) -> str:
    a, b, v, s, t = w.array(), w.array(), w.array(1), w.number(), w.number()
    return w.pick(
        f"np.concatenate([{a}, {b}])", f"np.stack([{a}, {a} * 2.0])", f"np.append({v}, {s})",
        f"np.array([{s}, {t}, 0.25])",
        f"np.array([{v}, {v}])", f"np.hstack([{a}, {b}])", f"np.vstack([{a}, {b}])", f"np.tile({v}, 2)",
        f"np.repeat({v}, 2)",
        f"np.roll({a}, 1)", f"np.pad({v}, 1)", f"{a}[{w.rows(a)}]", f"{a}[{w.mask(a)}]",
        f"np.take({a}, {w.rows(a)}, axis=0)",
        f"np.zeros_like({a})", f"np.full((2, 2), {s})", f"np.append({v}, {v})", f"np.concatenate(({v}, {v}), axis=0)",
        f"np.array({v}.tolist())", f"np.asarray([x * {s} for x in {v}])", f"np.ones({a}.shape)",
        f"np.full_like({a}, {s}) + {a}",
    )  # fmt: skip


def _numbers(w: Writer) -> str:
    a, v, s, t = w.array(), w.array(1), w.number(), w.number()
    i = w.index(a)
    return w.pick(
        f"{a}[{i}]", f"float({a}[{i}])", f"{s} * {t} + 0.5", f"math.tanh({s})", f"math.exp(-{s} * {s})",
        f"{s} - {a}[{i}] * {t}",
        f"{s} / (1.5 + {t} ** 2)", f"math.sqrt(1.0 + {s} * {s})", f"sum([{s}, {t}, {a}[{i}]])",
        f"sum(x * x for x in {v})",
        f"{a}.sum().item()", f"math.log(2.0 + {s} * {s})", f"pow({s}, 2)", f"-{s}", f"np.tanh({s})", f"float({s})",
        f"math.sin({t})",
        f"{s} ** 3", f"sum({v})", f"{a}[{i}] ** 2 + {s}",
    )  # fmt: skip


def _writes(w: Writer) -> str:
    a, x, y, s, v = w.array(writable=True), w.operand(), w.operand(), w.number(), w.array(1, writable=True)
    r, i, rows, mask = w.region(a), w.index(a), w.rows(a), w.mask(a)
    smooth = (
        f"{a} += {x}", f"{a} -= {s}", f"{a} *= 0.5", f"{a} *= {x}", f"{a} /= 1.5 + {x} * {x}", f"{a} **= 2",
        f"{a}[{r}] = {x}",
        f"{a}[{r}] += {x}", f"{a}[{r}] *= {s}", f"{a}[{i}] = {s}", f"{a}[{i}] += {s}", f"{a}[{i}] *= {a}[{w.index(a)}]",
        f"{a}[{rows}] += {x}", f"{a}[{rows}] = {x}", f"{a}[{rows}] *= {s}", f"{a}[{mask}] = {s}", f"{a}[{mask}] *= {s}",
        f"np.add.at({a}, {rows}, {x})", f"np.subtract.at({a}, {rows}, {s})", f"np.multiply({a}, {x}, out={a})",
        f"np.add({x}, {y}, out={a})", f"np.tanh({a}, out={a})", f"np.copyto({a}, {x})", f"{a}.fill({s})",
        f"{a}[...] = {x}",
        f"np.copyto({a}, {x}, where={mask})", f"{a}[{r}] = {a}[{w.region(a)}] * {s}", f"{a}[:] = {a}[::-1]",
        f"{a}[1:] += {a}[:-1]",
        f"{a}[{mask}] = {a}[{mask}] * {s}", f"{a}.T[{0}] += {s}", f"{a}.reshape(-1)[{0}] = {s}",
        f"np.negative({a}, {a})",
        f"np.exp(-{a} * {a}, out={a})", f"{v}[{w.rows(v)}] += {v}[{w.rows(v)}]", f"np.dot({x}, {y}, out={a})",
        f"np.add({a}, {x}, out={a}, where={mask})", f"np.sum({x}, axis=0, out={a})",
        f"{a}[{i}] = {a}[{i}] * {s} + {a}[{w.index(a)}]",
    )  # fmt: skip
    kinked = (f"{a}.sort()", f"np.maximum({a}, {x}, out={a})", f"np.clip({a}, -0.5, 0.5, out={a})",
              f"{a}[{a} < 0] = 0.0",
              f"np.maximum.at({a}, {rows}, {s})", f"{a} %= 0.7", f"{a} //= 0.3", f"np.put({a}, [0, -1], {s})",
              f"np.fill_diagonal({a}, {s})", f"np.putmask({a}, {mask}, {s})",
              f"np.multiply.at({a}, {rows}, {s})")  # fmt: skip
    return w.pick(*smooth) if w.smooth else w.pick(*smooth, *kinked)


def _loops(w: Writer) -> str:
    a, v, u, s = w.array(writable=True), w.array(1, writable=True), w.array(1), w.number()
    t = w.fresh("t")
    return w.pick(
        f"{t} = 0.0\nfor i in range(min(len({v}), len({u}))):\n    {t} = {t} + {v}[i] * {u}[i]",
        f"{t} = {s}\nfor x in {v}:\n    {t} += x * x * 0.5",
        f"{t} = 0.0\nfor row in {a}:\n    {t} = {t} + np.sum(row * row)",
        f"for i in range(1, len({v})):\n    {v}[i] = {v}[i] * 0.5 + {v}[i - 1] * {s}",
        f"for i in range(len({a})):\n    {a}[i] *= {s}",
        f"{t} = []\nfor x in {v}:\n    {t}.append(math.tanh(x) * {s})\n{t} = np.array({t})",
        f"{t} = 1.0\ni = 0\nwhile i < 3:\n    {t} = {t} * 0.5 + {v}[i % len({v})]\n    i += 1",
        f"for i, x in enumerate({u}):\n    {v}[i % len({v})] += x * {s}",
        f"{t} = np.zeros(len({v}))\nfor i in range(len({v})):\n    {t}[i] = {v}[i] * {v}[-1 - i]",
        f"for i in np.ndindex({a}.shape):\n    {a}[i] = {a}[i] * {s}",
    )


def _aliases(w: Writer) -> str:
    a, b, s = w.array(writable=True), w.array(), w.number()
    t = w.fresh("t")
    return w.pick(
        f"{t} = [{a}, {b}]\n{t}[0] += {s}\n{t}[1] = {t}[0] * 2.0\n{t} = {t}[1]",
        f"{t} = {{'w': {a}}}\n{t}['w'][0] *= {s}\n{t} = {t}['w']",
        f"{t} = {a}\n{t} *= {s}",
        f"{a}, {b} = {b}, {a}",
        f"{t} = [x * {s} for x in ({a}, {b})]\n{t} = {t}[0] + {t}[0]",
        f"def f(x, k={s}):\n    x *= k\n    return x + {s}\n{t} = f({a})\ndel f",
        f"{t} = {{}}\n{t}['k'] = {s}\n{t}['k'] = {t}['k'] * 0.5\n{t} = {t}['k'] + {a}",
        f"{t} = {a}.T\n{t} += {s}",
    )


_NEW = (_views, _views, _elementwise, _elementwise, _folded, _joined, _numbers, _numbers)
_EFFECTS = (_writes, _writes, _writes, _loops, _aliases)


def _statement(w: Writer) -> str:
    if w.draw(st.booleans()):
        return w.pick(*_EFFECTS)(w)
    text = w.pick(*_NEW)(w)
    return f"{w.fresh('v')} = {text}"


def _ending(names: dict[str, Any]) -> Iterator[str]:
    """A loss that every array and number enters with a weight of its own."""
    yield "loss = 0.0"
    weight = 1.0
    for name, value in list(names.items()):
        weight = weight * 0.83 + 0.1
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size:
            spread = f"np.cos(np.arange({name}.size)).reshape({name}.shape)"
            yield f"loss = loss + np.sum(np.tanh({name}) * {spread}) * {weight:.4f}"
        elif isinstance(value, float | np.floating):
            yield f"loss = loss + math.tanh({name}) * {weight:.4f}"


@st.composite
def programs(draw: Draw, smooth: bool = False, narrow: bool | None = None) -> Program:
    """A program over two to three leaf arrays, with 3 to 9 statements and a loss."""
    shapes = draw(st.lists(st.sampled_from([(3,), (4,), (2, 3), (3, 3), (3, 1), (2, 2, 2)]), min_size=2, max_size=3))
    seed = draw(st.integers(0, 2**16))
    single = draw(st.booleans()) if narrow is None else narrow
    rng = np.random.default_rng(seed)
    leaves = {f"p{i}": rng.normal(0, 0.6, s).astype(np.float32 if single else float) for i, s in enumerate(shapes)}
    writer = Writer(draw, leaves, smooth, dict(leaves))
    for _ in range(draw(st.integers(3, 9))):
        writer.add(_statement(writer))
    for line in _ending(writer.names):
        writer.add(line)
    return Program(PREAMBLE + "\n".join(writer.lines) + "\n", leaves)
