"""What happens at the script's imports: packages that are missing, and packages that need a word after loading.

Drawing, progress bars and widgets (matplotlib, seaborn, tqdm, IPython) may be missing: an inert module takes their
place. Data sets come from `standins`. Whatever else is missing stays missing.
"""

from __future__ import annotations

import importlib
import itertools
import opcode
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

import numpy as np

from .ending import is_library
from .frames import is_ours

INERT = ("matplotlib", "mpl_toolkits", "seaborn", "tqdm", "IPython", "ipywidgets")
Made = Callable[[str], types.ModuleType | None]
_MARK = "_gradcheck_stand_in"
_IMPORTLIB = os.path.dirname(importlib.__file__)
_UNPACK = opcode.opmap["UNPACK_SEQUENCE"]


class Inert:
    """Accepts everything: calls, attributes, items, arithmetic, `with`, unpacking into any number of names."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # NumPy and pickle ask for protocols; we have none
        return Inert(f"{self._name}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__[name] = value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # As a decorator without arguments it must give the function back.
        if len(args) == 1 and not kwargs and isinstance(args[0], types.FunctionType):
            return args[0]
        return Inert(f"{self._name}()")

    def __getitem__(self, index: Any) -> Any:
        return Inert(f"{self._name}[...]")

    def __setitem__(self, index: Any, value: Any) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter([Inert(self._name) for _ in range(_unpacked_by(sys._getframe(1)))])

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        return None

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (object,)

    def __repr__(self) -> str:
        return f"<{self._name}: not installed, does nothing>"

    def _self(self, *other: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _self
    __neg__ = _self


def _unpacked_by(frame: types.FrameType) -> int:
    """How many names `a, b = inert` wants; none for a loop."""
    code = frame.f_code.co_code
    at = frame.f_lasti
    return code[at + 1] if code[at] == _UNPACK else 0


class InertModule(types.ModuleType):
    """A module every attribute of which is inert."""

    __path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name in ("pyplot", "pylab"):
            return importlib.import_module(f"{self.__name__}.{name}")
        if name in ("imread", "get_sample_data", "load_dataset"):
            package = self.__name__.partition(".")[0]
            raise ModuleNotFoundError(f"No module named {package!r}", name=package)  # data cannot be left out
        return Inert(f"{self.__name__}.{name}")


def _subplots(nrows: int = 1, ncols: int = 1, *args: Any, squeeze: bool = True, **kwargs: Any) -> tuple[Any, Any]:
    axes = np.empty((nrows, ncols), dtype=object)
    for index in np.ndindex(axes.shape):
        axes[index] = Inert("axes")
    if not squeeze:
        return Inert("figure"), axes
    return Inert("figure"), axes[0, 0] if axes.size == 1 else axes.squeeze()


def _count(values: Any, *args: Any) -> Any:
    return range(values, *args)


class Progress:
    """tqdm's bar without the bar: iterates what it was given."""

    def __init__(self, iterable: Any = None, *args: Any, **kwargs: Any) -> None:
        self._iterable = iterable
        self.n = 0
        self.total = kwargs.get("total")

    def __iter__(self) -> Iterator[Any]:
        return iter(self._iterable)

    def __len__(self) -> int:
        return len(self._iterable)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: Any) -> None:
        return None

    @staticmethod
    def write(text: Any, *args: Any, **kwargs: Any) -> None:
        """Print the text, as the bar would."""
        print(text)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Inert(f"tqdm.{name}")


def _fill_inert(module: types.ModuleType) -> None:
    package = module.__name__.partition(".")[0]
    if package == "tqdm":
        module.__dict__.update(tqdm=Progress, trange=_count, tqdm_notebook=Progress, tnrange=_count)
        module.__dict__.update(notebook=module, auto=module, autonotebook=module, std=module)
    elif module.__name__ in ("matplotlib.pyplot", "matplotlib.pylab"):
        module.__dict__.update(subplots=_subplots, plot=lambda *args, **kwargs: [Inert("line")])


class Packages(MetaPathFinder, Loader):
    """Last on `sys.meta_path`: the modules of missing packages for which we have something."""

    def __init__(self, made: Made) -> None:
        self._made = made
        self.inert: set[str] = set()
        self._waiting: dict[str, types.ModuleType] = {}

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """A spec where the package is missing and has a stand-in, else None."""
        package = name.partition(".")[0]
        if package not in INERT and is_library(importer(sys._getframe(1))):
            return None  # a library that can do without the package must be told that it is missing
        if name != package and not _is_stand_in(sys.modules.get(package)):
            return None
        module = InertModule(name) if package in INERT else self._made(name)
        if module is None:
            return None
        module.__dict__[_MARK] = True
        self._waiting[name] = module
        return ModuleSpec(name, self, origin="stand-in", is_package=True)

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """The module made in `find_spec`."""
        return self._waiting.pop(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill in what an inert module has; others come filled."""
        if isinstance(module, InertModule):
            self.inert.add(module.__name__.partition(".")[0])
            _fill_inert(module)

    def report(self) -> list[str]:
        """One sentence if packages were replaced by inert modules."""
        if not self.inert:
            return []
        names = " and ".join(sorted(self.inert))
        return [f"{names} {'is' if len(self.inert) == 1 else 'are'} not installed: calls to it do nothing here"]


def importer(frame: types.FrameType | None) -> str:
    """The file whose import statement is being carried out."""
    while frame is not None and (
        frame.f_code.co_filename.startswith("<frozen importlib")
        or is_ours(frame.f_code.co_filename)
        or os.path.dirname(frame.f_code.co_filename) == _IMPORTLIB
    ):
        frame = frame.f_back
    return frame.f_code.co_filename if frame is not None else ""


def _is_stand_in(module: types.ModuleType | None) -> bool:
    return module is not None and _MARK in module.__dict__


class AfterImport(MetaPathFinder):
    """First on `sys.meta_path`: calls back when certain modules have been loaded, and changes nothing else."""

    def __init__(self, wanted: Callable[[str], Callable[[types.ModuleType], Any] | None], rescue: Made) -> None:
        self._wanted = wanted
        self._rescue = rescue

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> ModuleSpec | None:
        """The spec that the other finders give, its loader followed by the callback."""
        callback = self._wanted(name)
        if callback is None:
            return None
        for finder in itertools.dropwhile(lambda one: one is not self, list(sys.meta_path)):
            spec = finder.find_spec(name, path, target) if finder is not self and hasattr(finder, "find_spec") else None
            if spec is not None:
                if spec.loader is not None and spec.origin != "stand-in":
                    _follow(spec.loader, callback, self._rescue)
                return spec
        return None


def _follow(loader: Any, callback: Callable[[types.ModuleType], Any], rescue: Made) -> None:
    """Run `callback(module)` after the loader has executed the module; `rescue(name)` may take a broken one's place."""
    execute = loader.exec_module

    def exec_module(module: types.ModuleType) -> None:
        try:
            execute(module)
        except ImportError:
            other = rescue(module.__name__)
            if other is None:
                raise
            _put(module.__name__, other)
            return
        callback(module)

    loader.exec_module = exec_module


def _put(name: str, module: types.ModuleType) -> None:
    """In `sys.modules`, in the place of a package that failed while its submodules were loading."""
    for loaded in [one for one in sys.modules if one.startswith(f"{name}.")]:
        del sys.modules[loaded]
    module.__dict__[_MARK] = True
    sys.modules[name] = module


def quiet_show(pyplot: types.ModuleType) -> None:
    """`plt.show()` opens no window and warns of none; as after a window is closed, its figures are gone."""

    def show(*args: Any, **kwargs: Any) -> None:
        if not pyplot.isinteractive() and kwargs.get("block", True):
            pyplot.close("all")

    pyplot.show = show  # type: ignore[attr-defined]


def install(made: Made, after: Callable[[str], Callable[[types.ModuleType], Any] | None], rescue: Made) -> Packages:
    """Put both finders on `sys.meta_path`: ours in front listens, ours at the end fills gaps.

    `made(name)` gives the stand-in of a missing module or None; `after(name)` what to do once a module is loaded;
    `rescue(name)` the stand-in of a package that is there but cannot be loaded (keras without a backend).
    """

    def wanted(name: str) -> Callable[[types.ModuleType], Any] | None:
        return quiet_show if name == "matplotlib.pyplot" else after(name)

    packages = Packages(made)
    sys.meta_path.insert(0, AfterImport(wanted, rescue))
    sys.meta_path.append(packages)
    return packages
