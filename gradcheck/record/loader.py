"""Importing the user's other modules through the rewriter, and nobody else's.

Rewritten is what is neither of the standard library, nor of an installed package, nor ours: the folder of the script,
its packages, parent and sibling folders that the script puts on ``sys.path``. ``follow`` adds packages by name.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from .rewrite import rewrite
from .sources import Sources

Translate = Callable[..., CodeType]  # (source, file name, module name, sources[, flags]), as `rewrite`
INSTALLED = frozenset({"site-packages", "dist-packages"})


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


PACKAGE = _real(os.path.dirname(os.path.dirname(__file__)))


class RewritingLoader(SourceFileLoader):
    """A source loader without a bytecode cache: a cache could hold plain code, or give rewritten code to others."""

    def __init__(self, fullname: str, path: str, finder: RewritingFinder) -> None:
        super().__init__(fullname, path)
        self._finder = finder

    def get_code(self, fullname: str) -> CodeType:
        """The module's code with taps. Raises SyntaxError and ImportError as the plain loader does."""
        path = self.get_filename(fullname)
        source = self._finder.replaced.get(os.path.realpath(path)) or self.get_data(path)
        code = self._finder.translate(source, path, fullname, self._finder.sources)
        self._finder.modules[fullname] = path
        return code


class RewritingFinder:
    """A meta path entry that gives the user's modules a `RewritingLoader` and leaves all others to the next entry.

    ``modules`` maps the names of the modules rewritten so far to their files. ``replaced`` holds, by real path, sources
    that take the place of what a file holds. ``translate`` makes the code, as `rewrite` does.
    """

    def __init__(
        self,
        sources: Sources,
        follow: Iterable[str] = (),
        replaced: Mapping[str, bytes] | None = None,
        translate: Translate = rewrite,
    ) -> None:
        self.sources = sources
        self.translate = translate
        self.replaced = replaced or {}
        self.follow = frozenset(follow)
        self.modules: dict[str, str] = {}
        self._library = tuple({_real(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib")})

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec for one of the user's modules, or ``None``: then the next finder is asked as without us."""
        if path is not None and not any(self.is_users(fullname, os.path.join(entry, "")) for entry in path):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        # Exactly this class: another loader knows something about its files that we do not.
        if spec is None or spec.origin is None or type(spec.loader) is not SourceFileLoader:
            return None
        if not self.is_users(fullname, spec.origin):
            return None
        spec.loader = RewritingLoader(fullname, spec.origin, self)
        return spec

    def is_users(self, fullname: str, file: str) -> bool:
        """Whether the module ``fullname``, found at ``file``, is to be rewritten."""
        place = _real(file)
        if _inside(place, PACKAGE):
            return False
        if any(fullname == name or fullname.startswith(f"{name}.") for name in self.follow):
            return True
        folders = {*place.split(os.sep)[:-1], *os.path.normcase(os.path.abspath(file)).split(os.sep)[:-1]}
        return not (INSTALLED & folders) and not any(_inside(place, library) for library in self._library)


def _inside(file: str, folder: str) -> bool:
    return file.startswith(folder.rstrip(os.sep) + os.sep)


def install(
    sources: Sources,
    follow: Iterable[str] = (),
    replaced: Mapping[str, bytes] | None = None,
    translate: Translate = rewrite,
) -> RewritingFinder:
    """Put a `RewritingFinder` right before the finder of ordinary files: builtin and frozen modules keep their rank."""
    finder = RewritingFinder(sources, follow, replaced, translate)
    entries: list[object] = list(sys.meta_path)
    position = entries.index(PathFinder) if PathFinder in entries else 0
    sys.meta_path.insert(position, finder)
    return finder


def uninstall(finder: RewritingFinder) -> None:
    """Take ``finder`` off the meta path; modules that it loaded stay."""
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)
