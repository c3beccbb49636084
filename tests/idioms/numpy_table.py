"""Snippets of NumPy as people write it, ``NUMPY_IDIOMS``: (name, source) pairs; each prints what it computes.

``SHOW`` goes before each: ``show`` prints types, dtypes, shapes and the bytes of values, so that equal output means
equal to the bit. ``UNSEEN`` names those that write memory in a way that no tap can see.
"""

from __future__ import annotations

SHOW = '''
import numpy as np
def show(*values):
    for v in values:
        if isinstance(v, np.ndarray):
            data = v.tolist() if v.dtype.hasobject else np.ascontiguousarray(v).tobytes().hex()
            print(type(v).__name__, v.dtype, v.shape, data)
        elif isinstance(v, (float, complex, np.generic)):
            print(type(v).__name__, v.hex() if isinstance(v, float) else np.asarray(v).tobytes().hex())
        elif isinstance(v, (list, tuple)):
            print(type(v).__name__, len(v)); show(*v)
        elif isinstance(v, dict):
            print(list(v)); show(*v.values())
        else:
            print(type(v).__name__, v)
'''

_SOURCES = r'''
### views share memory
a = np.arange(12.0).reshape(3, 4)
v, t, r = a[1:], a.T, a.ravel()
v[0, 0] = 100.0
t[3, 2] += 0.5
r[1] *= 3
show(a, v, t, r, v.base is a.base, np.shares_memory(a, t))
### in place on views
a = np.linspace(0, 1, 10)
b = a[::2]
b += 1
b[1:3] *= -2
a[::-1][:3] -= 0.25
b **= 2
show(a, b)
### in place on rows of a loop
a = np.ones((3, 2))
for i, row in enumerate(a):
    row += i
    row[0] *= 2
show(a)
### fancy store and augmented store
a = np.zeros(6)
a[[1, 3, 3]] = 2.5
a[[1, 3, 3]] += 1
a[np.array([0, 5])] -= 0.5
b = a[[5, 4, 0]]
b += 10
show(a, b)
### boolean store and augmented store
a = np.linspace(-1, 1, 8)
a[a < 0] = 0
a[a > 0.5] *= 2
m = (a > 0.1) & ~(a > 1.5)
a[m] = a[m] ** 2
show(a, m)
### two dimensional fancy
a = np.arange(12.0).reshape(3, 4)
a[np.arange(3), [0, 2, 1]] -= 1
a[np.ix_([0, 2], [1, 3])] += 100
a[:, [0, 1]] = a[:, [1, 0]]
show(a, a[[0, 1], 2], a[..., -1], a[None, 1].shape)
### chained stores
a = np.zeros((2, 3, 2))
a[1][2][0] = 1.5
a[0][1] = [3, 4]
a[1][0] += 2
a[-1][-1][-1] *= 3
a[0, 1][1] -= 0.125
show(a)
### out keyword
a = np.linspace(0.1, 1, 5)
b = np.empty(5)
r = np.exp(a, out=b)
print(r is b)
np.multiply(b, 2, out=b)
np.subtract(a, b, out=a)
np.sqrt(np.abs(a), out=a)
show(a, b)
### out positional
a = np.linspace(0.1, 1, 4)
b = np.zeros(4)
np.add(a, 1, b)
np.log(b, b)
c = np.zeros((2, 2))
np.dot(a.reshape(2, 2), b.reshape(2, 2), c)
s = np.zeros(2)
np.sum(c, 0, None, s)
np.clip(a, 0.3, 0.7, a)
show(a, b, c, s)
### out of methods
a = np.arange(6.0).reshape(2, 3)
s, m, d = np.zeros(3), np.zeros(2), np.zeros((2, 2))
a.sum(axis=0, out=s)
a.mean(1, None, m)
a.dot(a.T, d)
a.cumsum(1, out=a)
a.clip(1, 5, a)
show(a, s, m, d)
### out tuple and two results
q, r = np.empty(3), np.empty(3)
np.divmod(np.array([5.0, 7.0, 9.5]), 2, out=(q, r))
f, e = np.frexp(np.array([1.5, 8.0]))
i, j = np.modf([1.25, -2.5])
show(q, r, f, e, i, j)
### where keyword
a = np.array([1.0, 0.0, -4.0])
out = np.full(3, -1.0)
np.divide(1, a, out=out, where=a != 0)
np.sqrt(a, out=out, where=a > 0)
show(out, np.sum(a, where=[True, False, True]), np.where(a > 0, a, 0.0), np.where(a)[0])
### ufunc at
g = np.zeros(4)
np.add.at(g, [0, 1, 1, 3], 1.5)
np.subtract.at(g, np.array([3, 3]), np.array([0.5, 0.25]))
np.maximum.at(g, [2, 2], [0.1, 0.7])
w = np.zeros((3, 2))
np.add.at(w, [0, 2, 0], np.arange(6.0).reshape(3, 2))
show(g, w)
### ufunc methods
a = np.arange(1.0, 7).reshape(2, 3)
show(np.add.reduce(a), np.multiply.accumulate(a, axis=1), np.subtract.outer(a[0], a[1]), np.add.reduceat(a[0], [0, 2]))
show(np.maximum.reduce(a, axis=1), np.logical_and.reduce(a > 0), np.add.reduce(a, axis=None))
### np matrix
m = np.matrix([[1.0, 2], [3, 4.5]])
v = np.matrix("1; 2")
show(m * v, m @ m, m ** 2, m.T * m, 2 * m, m / 3, m + 1, m.I, np.multiply(m, m), m[0], m[0, 1], m[:, 1], m.A, m.A1)
m *= m
m -= 0.5
show(m, m.sum(), m.sum(axis=0), m.mean(1), np.exp(m), np.sum(m, axis=1), m.tolist(), m[[0, 1], [1, 0]])
### object arrays
o = np.array([np.ones(2), np.arange(3.0), 2.5], dtype=object)
p = o * 2 + 1
q = p - o
o -= q
o[0] = o[0] ** 2
o[2] += 1
show(list(o), list(p), list(-q))
### object arrays of own objects
class V:
    n = 0
    def __init__(self, x): self.x = x; V.n += 1
    def __add__(self, o): print("add", self.x); return V(self.x + getattr(o, "x", o))
    __radd__ = __add__
    def __neg__(self): print("neg"); return V(-self.x)
    def __repr__(self): return f"V({self.x})"
o = np.array([V(1.0), V(2.0)])
p = o + o
q = -p
o += 3
print(o, p, q, o.sum(), sum(o), V.n, np.add(o, 1.5))
### structured arrays
s = np.zeros(3, dtype=[("x", "f8"), ("n", "i4"), ("v", "f4", (2,))])
s["x"] = [0.5, 1.5, 2.5]
s["x"] *= 2
s["x"][1] += 10
s[0] = (1.0, 7, (3, 4))
s[2]["v"][1] = 9
row = s[1]
row["n"] = 5
print(s, s["x"].sum(), s["v"].mean(), s[["x", "n"]][0])
t = s["x"] + 1
show(t)
### record arrays
r = np.rec.array([(1.0, 2), (3.0, 4)], dtype=[("a", "f8"), ("b", "i8")])
r.a += 1
r[0].b = 10
print(r, r.a * 2)
### masked arrays
m = np.ma.array([1.0, 2.0, 3.0, 4.0], mask=[0, 1, 0, 0])
n = m * 2 + 1
m[0] = 10
m[2] = np.ma.masked
m += 1
print(m, n, m.sum(), n.mean(), np.ma.masked_where(n > 6, n), m.filled(-1.0), np.exp(m), m.data, n / 0)
m *= n
m.sort()
print(m, m.compressed(), np.ma.dot(m, n), m.max())
### zero dimensional arrays
z = np.array(2.5)
y = z
z += 1
w = z * 2
show(z, y, w, z[()], float(z), z.item(), z.shape)
z[...] = 7
z[()] -= 0.5
show(y is z, y, np.sum(z), z.reshape(1), -z, z ** 2)
### float32
a = np.linspace(0, 1, 5, dtype=np.float32)
b = a * 2.0 + np.float32(0.1)
b -= 0.3
s = b.sum()
t = s * 1.5
b[0] = 0.1
show(a, b, s, t, np.float32(0.1) + np.float64(0.1), b.astype(float), b.mean(), a.dot(b), float(s))
### float16 and longdouble
h = np.arange(4, dtype=np.float16) / np.float16(3)
h += 0.1
l = np.array([0.1, 0.2], dtype=np.longdouble) * 3
print(h.tolist(), h.dtype, l, l.dtype, np.exp(h), l.sum(), np.longdouble(1) / 3, h.sum() * 2, h[1] * 2)
### complex
c = np.array([1 + 2j, 3 - 1j])
c *= 1j
r = c.real
r += 10
c.imag = 0.5
show(c, r, abs(c), np.angle(c), c.conj() @ c, c[0] * 2, (c * c).real.sum(), np.fft.fft(c), 2.0 + 1j * c[1])
### integer arrays
a = np.arange(5)
b = a // 2 * 3 - a % 3
a += 2
a[1] **= 3
a <<= 1
show(a, b, a / 2, a.mean(), ~a, a & 6, a ^ b, -a, np.uint8(200) + np.uint8(3), a.dtype, (a > 4).sum())
try:
    a += 0.5
except TypeError as e:
    print(type(e).__name__, e)
show(a)
### vectorize
calls = []
def f(x, y=0.5):
    calls.append(x)
    return x * y + 1 if x > 0 else 0.0
F = np.vectorize(f)
a = np.linspace(-1, 1, 6).reshape(2, 3)
show(F(a), F(a, 2.0), F(a[0], a[1]), F(3.0), calls)
G = np.vectorize(f, otypes=[np.float32])
show(G(a), len(calls))
@np.vectorize
def h(x):
    print("called with", x)
    return int(x)
show(h(np.array([1.5, 2.5])))
show(np.vectorize(lambda v: v.sum(), signature="(n)->()")(a))
show(np.vectorize(lambda a, k: a * k, excluded=["k"])(a, k=3.0))
### vectorize raises
def f(x):
    if x > 1: raise ValueError("too large", x)
    return x
try:
    np.vectorize(f)(np.array([0.5, 1.5]))
except ValueError as e:
    print(e.args)
try:
    np.vectorize(f)(np.array([]))
except ValueError as e:
    print(e)
### reduce and partial
import functools, operator
ms = [np.eye(2) * i + 0.1 for i in range(1, 4)]
show(functools.reduce(np.dot, ms), functools.reduce(lambda a, b: a @ b, ms, np.eye(2)), functools.reduce(operator.mul, [0.5, 0.25, 3]))
p = functools.partial(np.clip, a_min=0.2)
show(p(np.array([0.1, 0.5]), a_max=0.4), functools.partial(np.sum, axis=0)(ms[0]), functools.reduce(max, [1.5, 3.5, 2.0]))
### map zip enumerate over arrays
a, b = np.array([0.5, 1.5, 2.5]), np.array([3.0, 2.0, 1.0])
show(list(map(lambda x, y: x * y, a, b)), [x - y for x, y in zip(a, b)], list(enumerate(a)), dict(zip("abc", b)))
show(list(map(np.exp, a)), list(map(float, a)), [*reversed(a)], list(zip(a, b, strict=True)), list(map(abs, -a)))
### sum min max sorted over arrays
a = np.array([0.5, -1.5, 2.5])
rows = np.arange(6.0).reshape(3, 2)
show(sum(a), min(a), max(a), sorted(a), sum(rows), sum(rows, np.ones(2)), max(a, key=abs), sum(x * x for x in a), sum([]), sum(a, 1))
show(max(0, a[0]), max(a[1], 0.0), min(1, 2), max([1.0, a[2]]), min((x for x in []), default=None), sum([1, 2.5, True]), sum([[1], [2]], []))
show(any(a > 2), all(a > -2), sorted(a, reverse=True), max(1.0, float("nan")))
### sum takes things one by one
class N:
    def __init__(self, x): self.x = x
    def __radd__(self, o): print("radd", o, self.x); return self.x + o
    def __lt__(self, o): print("lt"); return self.x < o.x
    def __gt__(self, o): print("gt"); return self.x > o.x
def gen():
    for i in range(3):
        print("make", i)
        yield N(i)
print(sum(gen()), max(gen()).x, min(gen()).x)
def bad():
    yield 1.0
    yield "a"
    print("not reached")
try:
    sum(bad())
except TypeError as e:
    print(e)
### tolist and item
a = np.arange(6.0).reshape(2, 3) / 3
l = a.tolist()
l[0][1] += 1
show(l, a[0].tolist(), a.item(4), a[1, 2].item(), a[0, 0].tolist(), np.float32(0.1).item(), a.item((1, 0)), np.array(3.5).tolist(), a.item(-1))
show([type(x) for x in l[0]], list(a[0]), a.astype(int).tolist())
### generators with numpy
a = np.linspace(0, 1, 4)
show(np.fromiter((x * 2 for x in a), float), np.fromiter((i for i in iter(int, 1)), float, count=3), np.array([x for x in a]))
import itertools
show(np.fromiter(itertools.count(0.5), float, count=4))
try:
    print(np.sum(x * x for x in a))
except Exception as e:
    print(type(e).__name__)
print(type(np.array(x for x in a)).__name__, np.array(x for x in a).dtype)
try:
    np.vstack(x for x in a)
except TypeError as e:
    print("sequence" in str(e))
### nditer
a = np.arange(6.0).reshape(2, 3)
with np.nditer(a, op_flags=["readwrite"]) as it:
    for x in it:
        x[...] = 2 * x
show(a, a.sum())
b = a + 1
for x in np.nditer(a, op_flags=["readwrite"], flags=["external_loop", "buffered"], op_dtypes=["f8"]):
    x += 0.5
for x, y in np.nditer([a, b]):
    print(x, y, end=" ")
it = np.nditer(a, flags=["multi_index"])
while not it.finished:
    print(it.multi_index, it[0], end=" ")
    it.iternext()
show(a, a * 2)
### ndenumerate ndindex flat
a = np.arange(4.0).reshape(2, 2)
for (i, j), v in np.ndenumerate(a):
    a[i, j] = v * v + i
for i in np.ndindex(a.shape):
    a[i] += 0.25
for k, v in enumerate(a.flat):
    print(k, v)
a.flat[1] = 9
a.flat[2:] = [7, 8]
a.T.flat[1] = 3.5
a.flat[[0, 1]] += 1
show(a, a.flat[3], list(a.flat), a.flat[1:3], next(a.flat))
a.flat = 0.5
show(a)
### memmap
import tempfile, os
with tempfile.TemporaryDirectory() as d:
    m = np.memmap(os.path.join(d, "m.dat"), dtype="f8", mode="w+", shape=(3, 2))
    m[:] = 1.5
    m[1] += 2
    m[0, 1] -= 0.5
    n = m * 2
    m *= n
    m.flush()
    print(type(n).__name__, type(m[0]).__name__, m.sum())
    show(np.asarray(n), np.fromfile(os.path.join(d, "m.dat")))
    del m, n
del d
### as strided and sliding windows
a = np.arange(8.0)
w = np.lib.stride_tricks.as_strided(a, (6, 3), (8, 8))
s = np.lib.stride_tricks.sliding_window_view(a, 4)
k = w @ np.array([1.0, -2, 1])
w[0, 0] = 50
a[1] = -1
show(w, s, k, w.sum(), s[1] * 2, np.broadcast_to(a[:2], (3, 2)) + 1)
### frombuffer sees its buffer change
import struct
b = bytearray(struct.pack("3d", 0.5, 1.5, 2.5))
a = np.frombuffer(b)
c = a * 2
b[0:8] = struct.pack("d", 9.0)
a[1] = 4.5
show(a, c, a + c, struct.unpack("3d", b))
### frombuffer and memoryview
import struct, array
b = bytearray(struct.pack("3d", 0.5, 1.5, 2.5))
a = np.frombuffer(b)
c = a * 2
a[1] = 4.5
m = memoryview(a)
m[2] = 0.125
show(a, m[2], a * 2, np.frombuffer(bytes(b), dtype=">f8"), np.array(array.array("d", [1, 2])))
### random generator out
r = np.random.default_rng(3)
a = np.zeros(4)
b = a + 1
r.standard_normal(out=a)
r.random(out=b)
x = r.normal(a, 0.5)
a *= 2
show(a, b, x, r.integers(0, 9, 3), r.choice(a, 2), r.uniform(0.0, b.max()))
### shuffle and permutation
r = np.random.default_rng(0)
a = np.arange(8.0).reshape(4, 2)
v = a[1:3]
b = a * 2
r.shuffle(a)
np.random.seed(1)
np.random.shuffle(v)
l = [0.5, 1.5, 2.5]
np.random.shuffle(l)
show(a, v, b, l, r.permutation(a), np.random.permutation(4), r.permuted(a, axis=0))
import random
random.seed(4)
random.shuffle(l)
show(l, random.sample(l, 2), random.choice(a.ravel()))
### sorting in place
a = np.array([3.0, 1.0, 2.0])
b = a.argsort()
v = a[1:]
v.sort()
show(a, b, v)
a.sort()
a[::-1].sort()
a.partition(1)
m = np.array([[3.0, 1], [2, 5]])
m.sort(axis=0)
np.ndarray.sort(m)
show(a, m, np.sort(a), np.searchsorted(a, 2.5), a.argmax(), np.lexsort((a,)))
### writers
a = np.zeros((3, 3))
np.fill_diagonal(a, 2)
np.copyto(a[0], [7, 8, 9])
np.put(a, [1, 5], [0.5, 0.25])
np.place(a, a == 0, [4.0])
np.putmask(a, a > 7, a * 10)
np.put_along_axis(a, np.array([[0], [1], [2]]), -1.0, axis=1)
a[0].fill(3)
a.put([8], 6.5)
np.nan_to_num(a, copy=False)
np.copyto(a, 1.0, where=a < 0)
show(a)
### setattr and attributes of arrays
a = np.arange(6.0)
b = a * 2
a.shape = (2, 3)
a += 1
a.shape = 3, 2
c = a @ b.reshape(2, 3)
a.T[0] = 0
setattr(b, "shape", (6, 1))
b *= 2
show(a, b, c, a[1], a[1, 1])
d = np.arange(2.0)
e = d + 0
d.dtype = np.int64
d += 1
show(d, e, d * 2)
class H: pass
h = H()
setattr(h, "w", np.ones(2))
h.w += 1
h.w[0] -= 3
h.w = h.w * 2
h.n = 1.5
h.n *= 2
show(h.w, h.n, vars(h))
### dict and list of arrays
p = {"W": np.ones((2, 2)), "b": np.zeros(2)}
g = {k: v + 0.5 for k, v in p.items()}
for k in p:
    p[k] -= 0.1 * g[k]
p["b"][0] = 4
p["c"] = p["W"] @ p["b"]
l = [np.ones(2), np.arange(2.0)]
l[0] += 1
l[1] = l[1] - 3
l[-1] *= 2
a, b = l
a -= b
show(p, g, l, a is l[0], list(p))
### dataclass namedtuple slots
from dataclasses import dataclass, field, replace
from collections import namedtuple
@dataclass
class D:
    w: np.ndarray
    n: float = 0.5
    h: list = field(default_factory=list)
    def step(self, g): self.w -= self.n * g; self.h.append(self.w.sum()); self.n *= 0.9
d = D(np.ones(3))
d.step(np.arange(3.0)); d.step(1.0)
e = replace(d, n=2.0)
P = namedtuple("P", "w b")
p = P(d.w, np.zeros(1))
p.w[0] = 5
q = p._replace(b=p.b + 1)
class S:
    __slots__ = ("w", "k")
    def __init__(self): self.w = np.ones(2); self.k = 1.0
s = S(); s.w *= 3; s.k -= 0.25
show(d.w, d.n, d.h, e.n, p.w is d.w, q.b, s.w, s.k)
### array subclasses
class Info(np.ndarray):
    def __new__(cls, data, info=None):
        o = np.asarray(data, float).view(cls); o.info = info; return o
    def __array_finalize__(self, o): self.info = getattr(o, "info", None)
a = Info([1.0, 2.0, 3.0], "hello")
b = a * 2 + 1
b[1:] -= 0.5
b += a
c = b[::2]
print(type(b).__name__, b.info, c.info, type(b.sum()).__name__)
show(np.asarray(b), np.asarray(np.exp(a)), b.sum(), b @ a, b.max())
### subclass that overrides operators
class Loud(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kw):
        print(ufunc.__name__, method)
        args = [np.asarray(i) for i in inputs]
        if out is not None: kw["out"] = tuple(np.asarray(o) for o in out)
        r = getattr(ufunc, method)(*args, **kw)
        return out[0] if out is not None else (r.view(Loud) if isinstance(r, np.ndarray) else r)
    def __getitem__(self, i): print("get", i); return np.ndarray.__getitem__(self, i)
    def __setitem__(self, i, v): print("set", i); super().__setitem__(i, v)
    def sum(self, *a, **k): print("sum"); return super().sum(*a, **k)
a = np.arange(3.0).view(Loud)
b = a + 1
b *= 2
b[0] = 5.5
c = b[1] * 3
b[1] += 1
print(b.sum(), c, np.add.reduce(b), np.exp(a)[1], a @ a)
show(np.asarray(b))
### array ufunc and array function classes
class U:
    def __init__(self, x): self.x = np.asarray(x, float)
    def __array_ufunc__(self, ufunc, method, *inputs, **kw):
        print(ufunc.__name__, method)
        return U(getattr(ufunc, method)(*[i.x if isinstance(i, U) else i for i in inputs]))
    def __array_function__(self, f, types, args, kw):
        print(f.__name__); return "handled"
u = U([1, 2])
v = np.exp(u) + np.array([1.0, 1])
w = np.array([1.0, 2]) * u
z = np.array([0.5, 1])
z2 = z
z2 = z2 + u
show(v.x, w.x, np.sum(u), np.concatenate([u, u]), z2.x, np.negative(u).x)
class A:
    def __array__(self, dtype=None, copy=None): print("array"); return np.array([1.0, 2.0])
show(np.exp(A()), np.ones(2) + A(), np.array(A()) * 2)
x = np.zeros(2)
x[:] = A()
x[1:] = [3.0]
show(x)
class P:
    __array_priority__ = 100
    __array_ufunc__ = None
    def __radd__(self, o): return "mine"
    def __rmatmul__(self, o): return "matmul"
show(np.ones(2) + P(), np.float64(1) + P(), np.eye(2) @ P())
### matmul in place
a = np.eye(3) * 2
b = np.arange(9.0).reshape(3, 3)
c = a
a @= b
a = a @ b.T
x = np.arange(3.0)
y = x
y **= 2
y //= 2
y %= 3
show(a, c, x, y, x is y, a @ x, x @ a, x @ x)
### in place with other shapes and types
a = np.zeros((2, 3))
a += np.arange(3)
a -= [[1], [2]]
a *= (1, 2, 3)
a += True
a /= np.float32(3)
for bad in (lambda: a.__iadd__(np.ones(4)), lambda: a.__setitem__(0, np.ones(2))):
    try:
        bad()
    except ValueError as e:
        print(e)
try:
    a += np.ones((3, 3))
except ValueError as e:
    print(e)
show(a)
b = 0.5
b += a
b -= 1
show(a, b)
### operator functions
import operator as op
a = np.arange(3.0)
b = a
b = op.iadd(b, 1)
b = op.imul(b, 2.0)
op.setitem(a, 1, 7.5)
a.__setitem__(0, 4.5)
a.__iadd__(0.25)
np.ndarray.__setitem__(a, 2, -1)
np.ndarray.fill(a[1:], 0.75)
show(a, b is a, op.getitem(a, 1), op.add(a, a), op.neg(a), op.itemgetter(1)(a), op.matmul(a, a), a.__add__(1), a.__mul__(a), (1.5).__add__(2), op.abs(-a), op.lt(1.0, 2))
### nan comparisons
n = np.nan
x = float("nan")
a = np.array([1.0, n, 3.0])
l = [x, 1.0]
show(n == n, n is np.nan, a == a, a != a, x in l, n in [np.nan], np.nan in a, np.isnan(a), np.nansum(a), x != x, np.float64("nan") == n)
y = x
d = {"v": n}
best = np.nan
show(y is x, l[0] is x, d["v"] is np.nan, best is np.nan, np.max(a), max(1.0, n), np.array_equal(a, a, equal_nan=True), np.fmax(1, a))
### in on arrays
a = np.array([1.0, 2.0, 3.0])
print(2.0 in a, 5 in a, 1.0 in [1.0, 2], a[0] in (1.0,), 2.0 not in a, 3 in a.tolist())
try:
    print(a in [np.ones(3)])
except ValueError as e:
    print(e)
try:
    if a: pass
except ValueError as e:
    print(e)
### while on numpy scalars
a = np.array([10.0, 1.0])
n = np.float64(5)
i = np.int64(3)
while n > 0.5:
    n /= 2
while i:
    i -= 1
while a[0] > a[1]:
    a[0] -= 2.5
err = np.inf
while not err < 0.1:
    err = 1.0 if err == np.inf else err * 0.4
f = np.bool_(True)
while f: f = np.bool_(False)
show(n, i, a, err, f)
### while on arrays and objects
a = np.array([3])
while a: a -= 1
class T:
    def __init__(self, n): self.n = n
    def __bool__(self): print("truth", self.n); self.n -= 1; return self.n >= 0
    def __len__(self): raise RuntimeError
t = T(2)
while t: print("body")
try:
    while np.ones(2): pass
except ValueError as e:
    print(e)
show(a)
### methods of numpy scalars
x = np.float64(2.71828)
y = np.float32(0.1)
i = np.int64(7)
show(x.round(2), round(x, 3), round(x), x.clip(0, 2), x.item(), x.astype(np.float32), x.sum(), x.mean(), x.copy(), x.reshape(1), x.dtype, x.T, x.real)
show(x.is_integer(), x.hex(), i.bit_count() if hasattr(i, "bit_count") else 3, y.item(), float(y), int(x), x.as_integer_ratio(), y.astype(float), x.conjugate(), abs(-x), divmod(x, 1), -y, x // 1, x % 1, pow(x, 2), x ** 0.5, 2 ** x, math.floor(x) if False else x.max())
show(y * x, y * 2, i * 0.5, i * x, x > y, x == 2.71828, not x, x and 1, str(x), f"{x:.3f} {y}", "%.2f" % x, repr(x), hash(x) == hash(2.71828))
### numbers of python and math
import math, cmath
x = 0.75
show(math.exp(x), math.log(x), math.sqrt(2), math.pow(x, 2), math.floor(2.5), math.fsum([x, 0.1]), math.hypot(3, 4), abs(-x), round(2.675, 2), pow(x, 3), divmod(7.5, 2), math.isclose(x, 0.75))
show(math.exp(np.float64(1)), math.tanh(np.float32(1)), float("1.5"), float(np.float64(2)), float(x) is x, complex(x, 1), int(7.9), cmath.sqrt(-1), x.is_integer(), x.hex(), (2.5).as_integer_ratio(), float(True), float())
for bad in (lambda: math.log(0), lambda: math.sqrt(-1), lambda: math.exp(1e4), lambda: 1.0 / 0, lambda: float("x"), lambda: float(np.ones(2)), lambda: math.exp()):
    try:
        bad()
    except Exception as e:
        print(type(e).__name__, e)
### keyword only calls
a = np.arange(6.0).reshape(2, 3)
show(np.sum(a=a, axis=1), np.concatenate((a, a), axis=-1, dtype=np.float32), np.clip(a=a, a_min=1, a_max=3), np.max(a, axis=0, keepdims=True, initial=2), np.full(shape=2, fill_value=0.5), np.zeros_like(a=a), np.full_like(a, fill_value=2.5), a.sum(axis=1, keepdims=True), np.linspace(start=0, stop=1, num=3), np.array(object=[1.0]), np.einsum("ij,kj->ik", a, a, optimize=True), np.ones((2,), dtype="f4"), a.reshape((3, 2), order="F"), np.std(a, axis=0, ddof=1), a.astype(dtype="f4", copy=False))
### errstate
with np.errstate(divide="raise", invalid="ignore"):
    try:
        np.array([1.0]) / 0
    except FloatingPointError as e:
        print(e)
    a = np.ones(2)
    try:
        a /= np.array([1.0, 0.0])
    except FloatingPointError as e:
        print(e)
    print(np.log(np.array([-1.0])))
show(a, a + 1, np.geterr())
old = np.seterr(over="raise")
try:
    np.exp(np.array([1e4]))
except FloatingPointError as e:
    print(e)
np.seterr(**old)
seen = []
np.seterrcall(lambda kind, flag: seen.append(kind))
with np.errstate(all="call"):
    np.float64(1) / 0
    np.log(0.0)
print(seen)
### warnings have lines
import warnings
a = np.array([1.0, 0.0, -1.0])
b = 1 / a
c = np.log(a)
d = np.float64(1) / 0
e = np.exp(np.float64(1e4))
def f(x):
    return x / 0
for i in range(2):
    f(a)
    a[0] = a[0] * 1
m = np.mean(np.array([]))
g = a ** 0.5
a **= 0.5
h = np.sqrt(np.array([-1.0]), out=np.zeros(1))
s = sum(np.array([1e308, 1e308]))
n = np.add.reduce(np.array([1e308, 1e308]))
q = np.array([1e308]) * np.array([10.0])
show(b, d, e, s, n, q)
### warnings as errors
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("error")
    for f in (lambda: np.array([1.0]) / 0, lambda: np.float64(0) / 0, lambda: np.log(np.zeros(1)), lambda: np.mean(np.array([])), lambda: np.array([300.0]).astype(np.uint8)):
        try:
            f()
            print("fine")
        except RuntimeWarning as e:
            print(e)
    a = np.array([1.0, 2.0])
    try:
        a /= np.array([0.0, 1.0])
    except RuntimeWarning as e:
        print(e)
globals().pop("__warningregistry__", None)
show(a, a * 2)
### exceptions in numpy
a = np.ones((2, 3))
for bad in (
    lambda: a @ a, lambda: a + np.ones(4), lambda: a[5], lambda: a[0, 7], lambda: a["x"], lambda: a.reshape(4), lambda: np.dot(a, a),
    lambda: np.exp("x"), lambda: np.exp(), lambda: a.sum(axis=9), lambda: np.concatenate([a, np.ones(2)]), lambda: a.nothing, lambda: np.linalg.inv(np.zeros((2, 2))),
    lambda: np.add(1, 2, 3), lambda: np.zeros(-1), lambda: a.item(99), lambda: np.add.at(a, [9], 1), lambda: a.fill("q"), lambda: np.copyto(1, 2), lambda: a.__setitem__((0, 9), 1), lambda: np.empty(), lambda: np.sum(),
):
    try:
        bad()
        print("fine")
    except Exception as e:
        print(type(e).__name__, str(e)[:60], e.__context__)
show(a, a * 2)
### exceptions keep state
a = np.zeros(3)
try:
    a[1] = 5.0
    a[7] = 1.0
except IndexError as e:
    print(e)
try:
    np.exp(a, out=np.zeros(2))
except ValueError:
    pass
try:
    a[:2] = [1, 2, 3]
except ValueError as e:
    print(e)
a.flags.writeable = False
for f in (lambda: a.fill(1), lambda: a.sort(), lambda: a.__setitem__(0, 1), lambda: np.add(a, 1, out=a)):
    try:
        f()
    except ValueError as e:
        print(e)
try:
    a += 1
except ValueError as e:
    print(e)
show(a, a + 1)
### identity
a = np.ones(3)
b = a
c = a[:]
s = a[0]
d = {"a": a}
l = [a, b]
f = lambda x: x
show(b is a, c is a, c.base is a, d["a"] is a, l[0] is l[1], f(a) is a, np.asarray(a) is a, np.ascontiguousarray(a) is a, a.view() is a, s is s, a.T.base is a)
a += 1
show(b is a, b)
a = a + 1
show(b is a, np.atleast_1d(b) is b, b.astype(float, copy=False) is b, np.array(b, copy=False) is b if False else True, max(a, a, key=lambda x: 1) is a)
x = 0.5
y = f(x)
z = [x][0] if False else x
print(y is x, z is x, (lambda v=x: v)() is x, True is True, None is None)
### weak references
import weakref, gc
a = np.ones(3)
b = a * 2
r, s = weakref.ref(a), weakref.ref(b)
c = a + b
print(r() is a, s() is b)
del a, b
gc.collect()
print(r(), s())
class Net:
    def __init__(self): self.w = np.ones(2); self.n = 0.5
    def loss(self, x): self.n *= 2; return float((self.w * x).sum()) * self.n
    def __del__(self): print("net gone")
n = Net()
w = weakref.ref(n)
f = weakref.finalize(n.w, print, "weights gone")
n.w -= 0.5
print(n.loss(2.0))
n.w = n.w * 2
n = None
print(w(), f.alive)
d = weakref.WeakValueDictionary()
q = np.arange(3.0)
d["q"] = q
q2 = q + 1
del q
print(list(d), gc.isenabled(), gc.get_threshold())
### resize
a = np.arange(4.0)
b = a * 2
a.resize(6)
a[5] = 1.5
b.resize((2, 3))
b += 1
show(a, b, a * 2)
def f():
    w = np.ones(2)
    w += 1
    t = w.sum()
    w.resize(3)
    return w, t
show(f(), np.resize(a, 3))
def look(v): v.sum()
look(a)
a.resize(2)
c = a
try:
    a.resize(9)
except ValueError as e:
    print("referenced" in str(e) or "references" in str(e))
show(a, a + 1)
### reference counts
import sys, gc
a = np.ones(3)
def count(x): return sys.getrefcount(x)
n = sys.getrefcount(a)
l = [a, a]
print(sys.getrefcount(a) - n)
del l
b = a * 2
v = b[1:]
print(sys.getrefcount(b) - 2, v.base is b)
class O: pass
o = O(); o.w = b; o.x = 1.5
print(sys.getrefcount(o) - 1)
gc.collect()
print(len(gc.garbage), gc.isenabled(), gc.get_count()[2] >= 0)
### deletion and reuse of names
a = np.ones(2)
b = a + 1
del a
try:
    a
except NameError as e:
    print(e)
a = b * 2
for i in range(50):
    t = a * i
    t[0] += 1
    u = t + a
    del t
show(a, b, u)
l = [np.ones(2) * i for i in range(4)]
del l[1], l[-1]
l.append(l[0] - 1)
l.insert(0, l.pop() * 2)
show(l)
d = {i: np.full(1, i * 0.5) for i in range(3)}
d.pop(1)
d.update({2: d[0] + 1})
d.setdefault(7, np.zeros(1))[0] += 3
show(d)
### copies
import copy, pickle
a = np.arange(3.0)
p = {"w": a, "k": 0.5, "l": [a, 1.5]}
q = copy.deepcopy(p)
q["w"] -= 1
q["l"][1] *= 2
r = copy.copy(a)
r[0] = 9
s = pickle.loads(pickle.dumps(q))
s["w"] += 0.25
show(a, p, q, r, s, q["l"][0] is q["w"], a.copy(order="F"), np.copy(a), np.array(a), np.array(a, copy=True), a.__copy__(), a.__deepcopy__({}))
### collections
from collections import defaultdict, OrderedDict, deque, Counter
d = defaultdict(float)
for k, v in [("a", 0.5), ("b", 1.5), ("a", 2.0)]:
    d[k] += v
g = defaultdict(lambda: np.zeros(2))
g["w"] += 1
g["w"][1] -= 0.5
o = OrderedDict(a=1.0)
o["b"] = o["a"] * 2
q = deque([0.5, 1.5], maxlen=2)
q.append(q[0] * 3)
q[0] += 1
c = Counter(); c["x"] += 1
m = dict.fromkeys("ab", 0.5)
m["a"] += 1
show(dict(d), dict(g), dict(o), list(q), dict(c), m, len(d), "zz" in d, d.get("zz"))
### lists of numbers
w = [0.1, 0.2, 0.3]
x = [1.0, 2.0, 3.0]
s = 0.0
for i in range(3):
    s += w[i] * x[i]
for i, v in enumerate(w):
    w[i] = v - 0.5 * x[i]
w[0], w[1] = w[1], w[0]
W = [[0.0] * 2 for _ in range(2)]
W[1][0] += 1.5
Z = [[0.5] * 2] * 2
Z[0][1] -= 1
t = (0.5, 0.5)
show(s, w, W, Z, Z[0] is Z[1], t[0] + t[1], w[::-1], w + x, w * 2, sorted(w), w.index(min(w)), [a * b for a, b in zip(w, x)], sum(w) / len(w), w == list(w))
w[1:] = [9.0]
w += [4.0]
w *= 2
show(w)
### slices and windows
a = np.arange(20.0).reshape(4, 5)
b = np.zeros_like(a)
for i in range(1, 3):
    for j in range(1, 4):
        b[i, j] = (a[i - 1:i + 2, j - 1:j + 2] * 0.5).sum() - a[i][j]
b[1:3, 1:3] = a[:2, :2] @ a[2:, 3:]
b[:, 0] = a[:, 1] * 2
b[-1] = b[0, ::-1]
b[..., 2] /= 4
show(b, a[::2, ::-2], a[:, None, 1].shape)
### broadcasting and newaxis
a = np.arange(3.0)
b = a[:, None] * a[None, :]
b -= a
b[:] = b.T
c = a[np.newaxis] + b
c[0] = 1
show(b, c, np.broadcast_arrays(a, b)[0], np.expand_dims(a, 1) - 1, a.reshape(-1, 1) @ a.reshape(1, -1))
### moving functions
a = np.arange(6.0).reshape(2, 3)
show(np.concatenate([a, a]), np.vstack((a, a[0])), np.hstack([a, a]), np.stack([a, a], -1), np.split(a, 3, axis=1), np.array_split(a[0], 2), np.append(a, 7), np.insert(a[0], 1, 9), np.delete(a, 0, 1), np.tile(a, 2), np.repeat(a, 2, axis=0), np.roll(a, 1), np.flip(a), np.rot90(a), np.pad(a, 1), a.transpose(1, 0), a.swapaxes(0, 1), a.squeeze(), np.moveaxis(a[None], 0, 1), np.tril(a), np.diag(a[0]), np.block([[a, a]]), np.meshgrid(a[0], a[0]), np.unique(a), np.c_[a, a], np.r_[a[0], 5.0], np.outer(a[0], a[1]), np.kron(a, a[0]), np.take(a, [0, 2], axis=1), np.choose([0, 1], [a[:, 0], a[:, 1]]), np.select([a > 2], [a], 0.5), np.compress([1, 0, 1], a, axis=1), a.take([1]), a.repeat(2), a.ravel(), a.flatten(), np.atleast_3d(a), np.trace(a), np.cross([1.0, 0, 0], [0, 1.0, 0]), np.diff(a), np.gradient(a[0]), np.convolve(a[0], a[1]), np.interp(1.5, a[0], a[1]))
### linear algebra
a = np.array([[2.0, 1], [1, 3]])
w, v = np.linalg.eigh(a)
u, s, vt = np.linalg.svd(a)
q, r = np.linalg.qr(a)
show(w, v, s, r, np.linalg.inv(a), np.linalg.det(a), np.linalg.norm(a), np.linalg.norm(a, axis=1), np.linalg.solve(a, [1.0, 2]), np.linalg.cholesky(a), np.tensordot(a, a, 1), np.einsum("ii", a), np.vdot(a, a), np.inner(a, a), np.linalg.lstsq(a, np.ones(2), rcond=None)[0], np.linalg.matrix_power(a, 3), np.cov(a), np.corrcoef(a))
### reductions
a = np.linspace(-1, 1, 6).reshape(2, 3)
show(a.sum(), a.mean(0), a.std(axis=1), a.var(), a.max(0), a.min(), a.prod(1), a.argmax(), a.argmin(axis=1), a.any(), a.all(0), a.ptp() if hasattr(a, "ptp") else 0, np.median(a), np.average(a, weights=np.ones((2, 3)), axis=0), np.percentile(a, 30), np.quantile(a, [0.1, 0.9]), np.count_nonzero(a), np.cumsum(a), np.cumprod(a, axis=1), np.logaddexp(a, 1), np.ptp(a), np.nanmax(a), a.cumsum(0), a.trace(), np.bincount([0, 1, 1], weights=[0.5, 1, 2]), np.histogram(a, 3)[0], np.digitize(a, [0.0]))
### apply functions
a = np.arange(6.0).reshape(2, 3)
show(np.apply_along_axis(lambda r: r * r.sum(), 1, a), np.apply_along_axis(sum, 0, a), np.piecewise(a, [a < 2, a >= 2], [lambda x: -x, lambda x: x * 2]), np.fromfunction(lambda i, j: i * 0.5 + j, (2, 2)), np.frompyfunc(lambda x, y: x * y, 2, 1)(a, 2.0), np.frompyfunc(lambda x: x + 1, 1, 1)(0.5), np.apply_over_axes(np.sum, a, [0, 1]))
n = []
g = np.frompyfunc(lambda x: n.append(x) or x, 1, 1)
g(a); g(1.5)
print(len(n))
### text and printing
a = np.array([0.123456789, 1e-10, 3.0])
print(a, a[0], str(a), repr(a), f"{a[0]:.3f}", "%.2e" % a[1], a.tolist(), "{}".format(a), a[2], [a[2]], {"k": a[0]})
np.set_printoptions(precision=3, suppress=True)
print(a)
with np.printoptions(precision=1):
    print(a)
np.set_printoptions(precision=8, suppress=False)
print(np.array2string(a), np.array_str(a), np.format_float_positional(a[0], 3), a.dtype.name, a.shape, len(a), np.shape(a), a.size, a.ndim, a.nbytes, a.strides)
### files
import io, tempfile, os
a = np.linspace(0, 1, 4)
f = io.BytesIO()
np.save(f, a)
f.seek(0)
b = np.load(f)
b += a
t = io.StringIO()
np.savetxt(t, b, fmt="%.4f")
t.seek(0)
c = np.loadtxt(t)
c[0] = 5
g = io.BytesIO(np.ones(4).tobytes())
d = a * 2
g.readinto(d)
d += 1
h = io.BytesIO()
np.savez(h, a=a, b=b)
h.seek(0)
z = np.load(h)
show(b, c, d, z["a"] + z["b"], np.genfromtxt(["1,2", "3,4"], delimiter=","), np.fromstring("1 2", sep=" "))
### threads
import threading
a = np.zeros(4)
b = a + 1
def work(i):
    for _ in range(20):
        t = b * i
        a[i] = t.sum() + a[i] * 0.5
ts = [threading.Thread(target=work, args=(i,)) for i in range(4)]
[t.start() for t in ts]
[t.join() for t in ts]
del ts
show(a, b, a * 2)
### closures generators and decorators
import functools
def track(f):
    @functools.wraps(f)
    def g(*a, **k):
        r = f(*a, **k)
        log.append(r)
        return r
    return g
log = []
@track
def loss(w, x): return ((w * x) ** 2).mean()
def batches(x, n):
    for i in range(0, len(x), n):
        got = yield x[i:i + n]
        if got is not None: log.append(got)
x = np.arange(6.0)
w = np.array([0.5])
for b in batches(x, 4):
    w = w - 0.1 * 2 * (w * b * b).mean()
g = batches(x, 3)
next(g); g.send(1.5)
@functools.lru_cache
def cached(k): return np.ones(2) * k
def counter():
    n = 0.0
    def inc(): nonlocal n; n += 0.5; return n
    return inc
c = counter(); c()
show(loss(w, x), w, log, cached(2) is cached(2), c(), loss.__name__)
### properties and descriptors
class P:
    def __init__(self): self._w = np.ones(2); self.calls = 0
    @property
    def w(self): self.calls += 1; return self._w
    @w.setter
    def w(self, v): print("set"); self._w = v
    def __getattr__(self, n): print("missing", n); raise AttributeError(n)
    def __setattr__(self, n, v): object.__setattr__(self, n, v)
p = P()
p.w -= 0.5
p.w[0] = 3
p.w = p.w * 2
p.k = 0.5
p.k += 1
print(p.calls, hasattr(p, "zzz"))
show(p.w, p.k)
class D(dict):
    __getattr__ = dict.__getitem__
    def __setattr__(self, k, v): print("store", k); self[k] = v
    def __setitem__(self, k, v): print("item", k); super().__setitem__(k, v)
d = D(w=np.ones(2))
d.w += 1
d.b = 0.5
d["b"] -= 1
d.b *= 2
show(dict(d))
class L(list):
    def __getitem__(self, i): print("get", i); return super().__getitem__(i)
    def __setitem__(self, i, v): print("put", i); super().__setitem__(i, v)
l = L([0.5, 1.5])
l[0] += 1
l[1] = l[0] * 2
show(list.__getitem__(l, 0), len(l))
### own numbers
class Value:
    made = 0
    def __init__(self, data, prev=()): self.data = data; self.grad = 0.0; self.prev = prev; Value.made += 1
    def __add__(self, o): o = o if isinstance(o, Value) else Value(o); return Value(self.data + o.data, (self, o))
    def __mul__(self, o): o = o if isinstance(o, Value) else Value(o); return Value(self.data * o.data, (self, o))
    __radd__ = __add__; __rmul__ = __mul__
    def __gt__(self, o): return self.data > o
    def __float__(self): print("float"); return float(self.data)
    def __index__(self): return 1
    def __iadd__(self, o): print("iadd"); self.data += o; return self
v = Value(2.0)
w = [Value(0.5), Value(1.5)]
out = sum((a * v for a in w), Value(0.0))
out.grad = 1.0
for p in out.prev: p.grad += out.grad
v += 1
a = np.zeros(2)
a[0] = v
a[v] = 7.5
a[v] += 1
show(out.data, Value.made, v.data, float(v), a, v > 1, max(w, key=lambda z: z.data).data, [10.5, 20.5][v], np.array([Value(1.0)]).dtype, math.exp(v) if False else 0, sum(w).data)
### walrus comprehension and unpacking
a = np.arange(5.0)
show([y for x in a if (y := x * 2) > 3], {k: v for k, v in enumerate(a[:2])}, {float(x) for x in a[:2]}, (lambda *p: sum(p))(*a), [*a, *a[:1]], dict(**{"k": a[1]}))
x, *rest = a
p, (q, r) = a[0], a[1:3]
(s, t), u = (a[3], a[4]), a[:2]
u[0], u[1] = u[1], u[0]
i = j = a[2]
b = c = a[3:] * 2
b += 1
x += 1
show(x, rest, p, q, r, s, t, u, i is j, c, a)
### float precision and sums
s = 0.0
for k in range(1, 200):
    s += 0.1 / k
t = sum(0.1 / k for k in range(1, 200))
a = np.array([0.1 / k for k in range(1, 200)])
x = 1.0
for _ in range(30):
    x = x - (x * x - 2) / (2 * x)
show(s, t, a.sum(), sum(a), np.cumsum(a)[-1], a.mean(), x, 0.1 + 0.2, 1e308 * 10, -0.0, 5e-324 / 2, sum([0.1] * 10), np.float64(0.1) * 3)
'''


def _read(text: str) -> list[tuple[str, str]]:
    found = []
    for part in text.strip().split("### ")[1:]:
        name, _, source = part.partition("\n")
        found.append((f"numpy: {name}", f"{SHOW}import math\n{source}"))
    return found


NUMPY_IDIOMS: list[tuple[str, str]] = _read(_SOURCES)
UNSEEN = frozenset(("numpy: frombuffer sees its buffer change", "numpy: threads"))
