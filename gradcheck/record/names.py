"""What the user calls an array: the literal path to the longest-lived location that holds it."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from .memory import NUMBER, kind_of, root_of

MOST_OBJECTS = 60_000
DEEPEST = 7
MOST_ITEMS = 2_000


class Names:
    """Paths to every array, list, dict and object that the script's variables reach, shortest-lived last."""

    def __init__(self, namespaces: list[dict[str, Any]], files: set[str]) -> None:
        self.paths: dict[int, list[str]] = {}
        self.arrays: dict[int, list[tuple[str, np.ndarray]]] = {}  # id of root -> (path, array)
        self._keep: list[Any] = []
        self._count = 0
        queue: list[tuple[Any, str, int]] = []
        for namespace in [*namespaces, *frame_locals(files)]:
            queue += [(v, k, 1) for k, v in list(namespace.items()) if not k.startswith(("__", "@"))]
        self._walk(queue)

    def _walk(self, queue: list[tuple[Any, str, int]]) -> None:
        seen: set[int] = set()
        for value, path, depth in queue:
            if self._count > MOST_OBJECTS:
                return
            if not _interesting(value):
                continue
            self._count += 1
            found = self.paths.setdefault(id(value), [])
            if len(found) < 6 and path not in found:
                found.append(path)
            if isinstance(value, np.ndarray):
                self.arrays.setdefault(id(root_of(value)), []).append((path, value))
            if id(value) in seen or depth >= DEEPEST:
                continue
            seen.add(id(value))
            self._keep.append(value)
            queue.extend((child, path + step, depth + 1) for step, child in children(value))

    def of(self, value: Any) -> list[str]:
        """Paths to this very object, the longest-lived first."""
        return self.paths.get(id(value), [])

    def of_array(self, root: np.ndarray, same: Any) -> list[str]:
        """Paths to arrays over ``root``'s memory for which ``same(array)`` holds."""
        return [path for path, array in self.arrays.get(id(root), []) if same(array)]


def children(value: Any) -> Iterator[tuple[str, Any]]:
    """(step of a path, child) for each thing directly inside a value."""
    if isinstance(value, dict):
        for key in list(value)[:MOST_ITEMS]:
            yield f"[{key!r}]", value[key]
    elif isinstance(value, list | tuple):
        fields = getattr(value, "_fields", None)
        for i, child in enumerate(value[:MOST_ITEMS]):
            yield (f".{fields[i]}" if fields else f"[{i}]"), child
    elif isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            for i, child in enumerate(value.ravel()[:MOST_ITEMS]):
                yield f"[{i}]", child
    elif isinstance(value, types.FunctionType):
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=False):
            try:
                yield f" ({name})", cell.cell_contents
            except ValueError:
                continue
    elif isinstance(value, types.MethodType):
        yield "", value.__self__
    else:
        for name, child in list(getattr(value, "__dict__", {}).items()):
            yield f".{name}", child
        for name in getattr(type(value), "__slots__", ()):
            if isinstance(name, str) and not name.startswith("__"):
                child = getattr(value, name, None)
                if child is not None:
                    yield f".{name}", child


def _interesting(value: Any) -> bool:
    if isinstance(value, np.ndarray | list | tuple | dict | types.FunctionType | types.MethodType):
        return True
    if kind_of(type(value)) == NUMBER:
        return True
    if isinstance(
        value, type | types.ModuleType | types.BuiltinFunctionType | str | bytes | int | complex | set | range
    ):
        return False
    module = type(value).__module__ or ""
    return not module.startswith(("numpy", "builtins", "_io", "matplotlib", "random", "collections.abc", "re"))


def frame_locals(files: set[str]) -> Iterator[dict[str, Any]]:
    """Local variables of the user's frames, outermost first."""
    frames = []
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename in files and frame.f_code.co_name != "<module>":
            frames.append(frame)
        frame = frame.f_back  # type: ignore[assignment]
    for found in reversed(frames):
        yield dict(found.f_locals)
