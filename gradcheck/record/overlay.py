"""The script's own writes go to a folder of ours; it reads them back from there, and nothing else changes.

Plain patches of `open` and of the functions of `os` that name a file. Not covered, and said in the README: programs
that the script starts, and libraries that open files in C by themselves (sqlite, HDF5, OpenCV).
"""

from __future__ import annotations

import builtins
import errno
import functools
import io
import os
import stat
import sys
from collections.abc import Callable, Iterator
from typing import Any

from . import shadow
from .shadow import REAL, Shadow

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_READERS = ("stat", "lstat", "access", "readlink", "statvfs", "listxattr", "getxattr")
_CHANGERS = ("chmod", "chown", "lchown", "utime", "truncate", "setxattr", "removexattr")
_SHOWN = 3


class Overlay:
    """The patched functions of one run. `folder` is a temporary one; whoever made it removes it."""

    def __init__(self, folder: str) -> None:
        self.shadow = Shadow(os.path.join(folder, "files"))
        self._temporary = os.path.join(folder, "tmp")

    def install(self) -> None:
        """Patch `open`, `os` and what earlier imports took from them; temporary files get a folder of ours too."""
        os.makedirs(self._temporary, exist_ok=True)
        os.environ["TMPDIR"] = self._temporary
        replaced = {id(REAL.open): self._named(self._open, REAL.open)}
        builtins.open = io.open = replaced[id(REAL.open)]
        for name, function in self._functions().items():
            real = getattr(os, name, None)
            if real is not None:
                replaced[id(real)] = self._named(function, real)
                setattr(os, name, replaced[id(real)])
        _replace_everywhere(replaced)
        _forget_earlier_choices()

    def report(self) -> str | None:
        """What was kept aside, or None."""
        kept = sorted(self.shadow.files())
        removed = sorted(self.shadow.hidden - self.shadow.written)
        parts = []
        if kept:
            parts.append(f"{_counted(kept)} the script writes kept aside: {_some(kept)}")
        if removed:
            parts.append(f"{_counted(removed)} the script removes left in place: {_some(removed)}")
        return "; ".join(parts) or None

    def _functions(self) -> dict[str, Callable[..., Any]]:
        return {
            "open": self._os_open,
            "mkdir": self._mkdir,
            "remove": self._remove,
            "unlink": self._remove,
            "rmdir": self._rmdir,
            "rename": self._rename,
            "replace": self._replace,
            "link": self._link,
            "symlink": self._link,
            "mkfifo": self._redirected("mkfifo"),
            "mknod": self._redirected("mknod"),
            "listdir": self._listdir,
            "scandir": self._scandir,
            "chdir": self._chdir,
            "getcwd": self._getcwd,
            "getcwdb": lambda: os.fsencode(self._getcwd()),
            **{name: self._reading(name) for name in _READERS},
            **{name: self._changing(name) for name in _CHANGERS},
        }

    @staticmethod
    def _named(function: Callable[..., Any], real: Callable[..., Any]) -> Callable[..., Any]:
        """The user's errors name the user's path, whatever file of ours was tried."""

        @functools.wraps(real)
        def patched(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except OSError as error:
                if error.filename is not None and args and isinstance(args[0], str | bytes | os.PathLike):
                    error.filename = os.fspath(args[0])
                raise

        return patched

    # -- opening ----------------------------------------------------------------------------------------------

    def _open(self, file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        opener = kwargs.get("opener") or (args[5] if len(args) > 5 else None)  # asks `os.open`, which is patched too
        if isinstance(file, int) or not isinstance(mode, str) or opener is not None:
            return REAL.open(file, mode, *args, **kwargs)
        if not set(mode) & set("wax+"):
            if not self.shadow.active:
                return REAL.open(file, mode, *args, **kwargs)
            return _renamed(REAL.open(self.shadow.place(file), mode, *args, **kwargs), file)
        path = self.shadow.for_writing(file, keep="w" not in mode, new="x" in mode, must="r" in mode)
        return _renamed(REAL.open(path, mode, *args, **kwargs), file)

    def _os_open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> Any:
        path = shadow.beside(path, dir_fd)
        if not flags & _WRITES:
            return REAL.os_open(self.shadow.place(path), flags, mode)
        target = self.shadow.for_writing(
            path,
            keep=not flags & os.O_TRUNC,
            new=bool(flags & os.O_CREAT and flags & os.O_EXCL),
            must=not flags & os.O_CREAT,
        )
        return REAL.os_open(target, flags, mode)

    # -- changing ---------------------------------------------------------------------------------------------

    def _mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        path = shadow.beside(path, dir_fd)
        place = self.shadow.for_writing(path, keep=False, new=True)
        if place is path or not os.path.isdir(place):  # ours may be there already, made for what was in it
            REAL.mkdir(place, mode)

    def _remove(self, path: Any, *, dir_fd: int | None = None) -> None:
        path = shadow.beside(path, dir_fd)
        if stat.S_ISDIR(REAL.lstat(self.shadow.place(path, link=True)).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        self.shadow.remove(path)

    def _rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        path = shadow.beside(path, dir_fd)
        if not stat.S_ISDIR(REAL.lstat(self.shadow.place(path, link=True)).st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(path))
        if self.shadow.names(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), os.fspath(path))
        self.shadow.remove(path)

    def _rename(self, src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        src, dst = shadow.beside(src, src_dir_fd), shadow.beside(dst, dst_dir_fd)
        self.shadow.rename(src, dst)

    def _replace(self, src: Any, dst: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        self._rename(src, dst, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    def _link(self, src: Any, dst: Any, *args: Any, **kwargs: Any) -> None:
        """A copy: a link in our folder would lead writes back to the user's file."""
        source = os.path.join(os.path.dirname(os.fspath(dst)), os.fspath(src))
        if not os.path.lexists(source):
            source = os.fspath(src)
        self.shadow.copy(source, dst)

    def _redirected(self, name: str) -> Callable[..., Any]:
        def making(path: Any, *args: Any, **kwargs: Any) -> Any:
            return getattr(REAL, name)(self.shadow.for_writing(path, keep=False, new=True), *args, **kwargs)

        return making

    def _changing(self, name: str) -> Callable[..., Any]:
        real = getattr(REAL, name, None)

        def changing(path: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(path, int):
                return real(path, *args, **kwargs)  # type: ignore[misc]
            return real(self.shadow.materialised(path), *args, **kwargs)  # type: ignore[misc]

        return changing

    # -- looking ----------------------------------------------------------------------------------------------

    def _reading(self, name: str) -> Callable[..., Any]:
        real = getattr(REAL, name, None)
        link = name in ("lstat", "readlink")

        def reading(path: Any, *args: Any, **kwargs: Any) -> Any:
            if self.shadow.active and not isinstance(path, int) and kwargs.get("dir_fd") is None:
                followed = not link and kwargs.get("follow_symlinks", True)
                path = self.shadow.place(path, link=not followed)
            return real(path, *args, **kwargs)  # type: ignore[misc]

        return reading

    def _listdir(self, path: Any = ".") -> Any:
        path = "." if path is None else path
        if isinstance(path, int) or not self.shadow.touched(path):
            return REAL.listdir(path)
        names = self.shadow.names(path)
        return [os.fsencode(name) for name in names] if isinstance(path, bytes) else names

    def _scandir(self, path: Any = ".") -> Any:
        path = "." if path is None else path
        if isinstance(path, int) or not self.shadow.touched(path):
            return REAL.scandir(path)
        return _Scan(os.fspath(path), self.shadow.names(path))

    def _chdir(self, path: Any) -> None:
        REAL.chdir(path if isinstance(path, int) else self.shadow.place(path))

    def _getcwd(self) -> str:
        return self.shadow.users(REAL.getcwd())


class _Entry:
    """As os.DirEntry, for a folder that is partly ours."""

    def __init__(self, folder: Any, name: str) -> None:
        self.name: Any = os.fsencode(name) if isinstance(folder, bytes) else name
        self.path: Any = os.path.join(folder, self.name)

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """As os.stat of the path."""
        return os.stat(self.path, follow_symlinks=follow_symlinks)

    def inode(self) -> int:
        """The file's number."""
        return self.stat(follow_symlinks=False).st_ino

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""
        return self._is(stat.S_ISLNK, follow_symlinks=False)

    def is_junction(self) -> bool:
        """Never: a thing of Windows."""
        return False

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder."""
        return self._is(stat.S_ISDIR, follow_symlinks=follow_symlinks)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a regular file."""
        return self._is(stat.S_ISREG, follow_symlinks=follow_symlinks)

    def _is(self, kind: Callable[[int], bool], *, follow_symlinks: bool) -> bool:
        try:
            return kind(self.stat(follow_symlinks=follow_symlinks).st_mode)
        except FileNotFoundError:
            return False


class _Scan:
    """As the iterator of os.scandir."""

    def __init__(self, folder: Any, names: list[str]) -> None:
        self._entries = iter([_Entry(folder, name) for name in names])

    def __iter__(self) -> Iterator[_Entry]:
        return self

    def __next__(self) -> _Entry:
        return next(self._entries)

    def __enter__(self) -> _Scan:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is left to read."""
        self._entries = iter(())


def _renamed(file: Any, path: Any) -> Any:
    """An open file that gives its name as the user wrote it."""
    raw = getattr(getattr(file, "buffer", file), "raw", file)
    if isinstance(raw, io.FileIO):
        raw.name = path if isinstance(path, bytes) else os.fspath(path)
    return file


def _replace_everywhere(replaced: dict[int, Callable[..., Any]]) -> None:
    """Patch what modules loaded earlier took by name (`from os import remove`)."""
    package = __name__.partition(".")[0]
    for name, module in list(sys.modules.items()):
        if name.startswith((package, "importlib")) or name in ("posix", "nt", "_io"):
            continue
        namespace = getattr(module, "__dict__", {})
        for key, value in list(namespace.items()):
            new = replaced.get(id(value))
            if new is not None:
                namespace[key] = new


def _forget_earlier_choices() -> None:
    """What three modules made of the plain functions when they were loaded; loaded later, they choose rightly."""
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].__dict__["tempdir"] = None
    if "shutil" in sys.modules:  # rmtree by directory descriptors would go round us; its other way does not
        sys.modules["shutil"].__dict__["_use_fd_functions"] = False
    table = getattr(sys.modules.get("numpy.lib._datasource"), "_file_openers", None)
    openers = getattr(table, "_file_openers", None)
    if isinstance(openers, dict) and None in openers:
        openers[None] = io.open


def _counted(paths: list[str]) -> str:
    return "1 file" if len(paths) == 1 else f"{len(paths)} files"


def _some(paths: list[str]) -> str:
    names = [os.path.basename(path) for path in paths[:_SHOWN]]
    return ", ".join(names) + (", ..." if len(paths) > _SHOWN else "")
