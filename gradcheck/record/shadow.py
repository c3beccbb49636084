"""Two trees seen as one: the user's files, and over them a folder of ours that takes every change."""

from __future__ import annotations

import errno
import os
import stat
from types import SimpleNamespace
from typing import Any

_NAMES = (
    "mkdir remove unlink rmdir rename replace link symlink mkfifo mknod listdir scandir chdir getcwd stat lstat access"
    " readlink statvfs listxattr getxattr chmod chown lchown utime truncate setxattr removexattr close read write"
    " sendfile fspath"
)

#: The functions as they were before any patch.
REAL = SimpleNamespace(
    open=open, os_open=os.open, **{name: getattr(os, name) for name in _NAMES.split() if hasattr(os, name)}
)

_PASSED = ("/dev/", "/proc/", "/sys/")
_MOST_LINKS = 40


class Shadow:
    """Where each path of the user's is now. `root` holds our copies under the user's absolute paths."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._around = os.path.join(os.path.dirname(self.root), "")
        self.written: set[str] = set()
        self.hidden: set[str] = set()

    @property
    def active(self) -> bool:
        """Whether anything was changed so far: until then every path is the user's."""
        return bool(self.written or self.hidden)

    def files(self) -> list[str]:
        """The files written, folders left out."""
        return [key for key in self.written if not _is_folder(self._ours(key))]

    # -- where a path is ----------------------------------------------------------------------------------------

    def place(self, path: Any, *, link: bool = False) -> Any:
        """The real path to look at: ours where the script changed it (a path that is not there where it removed it)."""
        if not self.active or isinstance(path, int):
            return path
        key = self.key(path, link=link)
        if key is None:
            return path
        if key in self.written or key in self.hidden or self._inside_hidden(key):
            return self._ours(key)
        # A relative path means the user's folder even where the process stands in ours.
        return key if not os.path.isabs(os.fsdecode(path)) and self._moved() else path

    def key(self, path: Any, *, link: bool = False) -> str | None:
        """The user's absolute path without links; None for what is passed through (devices, our own folders)."""
        text = os.fsdecode(path)
        if "\0" in text:
            return None  # an error in the words of the plain function
        full = self._resolved(os.path.join(self.users(REAL.getcwd()), text), follow=not link)
        return None if (full + "/").startswith((*_PASSED, self._around)) else full

    def users(self, path: str) -> str:
        """The user's name of a path that may be in our folder."""
        inside = path == self.root or path.startswith(self.root + os.sep)
        return (path[len(self.root) :] or os.sep) if inside else path

    def _moved(self) -> bool:
        return bool(REAL.getcwd().startswith(self.root))

    def _resolved(self, path: str, *, follow: bool) -> str:
        """As os.path.realpath; the last part is followed only where asked."""
        done, waiting, links = "/", _parts(path), 0
        while waiting:
            part = waiting.pop(0)
            if part == "..":
                done = os.path.dirname(done)
                continue
            here = os.path.join(done, part)
            if (waiting or follow) and links < _MOST_LINKS and here not in self.written and _is_link(here):
                links += 1
                target = REAL.readlink(here)
                done = "/" if target.startswith("/") else done
                waiting[:0] = _parts(target)
                continue
            done = here
        return done

    def _ours(self, key: str) -> str:
        return self.root + key

    def _inside_hidden(self, key: str) -> bool:
        folder = os.path.dirname(key)
        while folder != "/":
            if folder in self.hidden:
                return True
            folder = os.path.dirname(folder)
        return False

    def exists(self, key: str) -> bool:
        """Whether the script sees something at `key`."""
        return self.mode(key) is not None

    def mode(self, key: str) -> int | None:
        """The mode of what the script sees at `key`, or None."""
        if key in self.written:
            where = self._ours(key)
        elif key in self.hidden or self._inside_hidden(key):
            return None
        else:
            where = key
        try:
            return int(REAL.stat(where).st_mode)
        except OSError:
            return None

    # -- looking into folders ---------------------------------------------------------------------------------

    def touched(self, path: Any) -> bool:
        """Whether the folder's list differs from the user's."""
        if not self.active:
            return False
        key = self.key(path)
        if key is None:
            return False
        if key in self.written or self._inside_hidden(key + "/x") or self._moved():
            return True
        return any(os.path.dirname(one) == key for one in (*self.written, *self.hidden))

    def names(self, path: Any) -> list[str]:
        """The names in the folder as the script sees it. Raises what os.listdir raises."""
        key = self.key(path)
        if key is None:
            return [os.fsdecode(name) for name in REAL.listdir(path)]
        mode = self.mode(key)
        if mode is None or not stat.S_ISDIR(mode):
            REAL.listdir(self._ours(key))
        covered = key in self.hidden or self._inside_hidden(key)
        names = set() if covered or not _is_folder(key) else set(REAL.listdir(key))
        names -= {os.path.basename(one) for one in self.hidden if os.path.dirname(one) == key}
        names |= {os.path.basename(one) for one in self.written if os.path.dirname(one) == key}
        return sorted(names)

    # -- changes ----------------------------------------------------------------------------------------------

    def for_writing(self, path: Any, *, keep: bool, new: bool = False, must: bool = False) -> Any:
        """The real path to write to. `keep`: with the content it has; `new`: it must not exist; `must`: it must.

        Raises FileExistsError, FileNotFoundError, IsADirectoryError as the plain operation would.
        """
        key = self.key(path)
        if key is None:
            return path
        mode = self.mode(key)
        if mode is not None and new:
            raise _error(errno.EEXIST, path)
        if mode is not None and not stat.S_ISREG(mode):
            if stat.S_ISDIR(mode):
                raise _error(errno.EISDIR, path)
            return path  # a pipe or a device
        if mode is None and must:
            raise _error(errno.ENOENT, path)
        above = self.mode(os.path.dirname(key))
        if above is None or not stat.S_ISDIR(above):
            raise _error(errno.ENOENT if above is None else errno.ENOTDIR, path)
        return self._prepared(key, keep=keep and mode is not None)

    def _prepared(self, key: str, *, keep: bool) -> str:
        ours = self._ours(key)
        _make_folders(os.path.dirname(ours))
        if keep and key not in self.written:
            _copy(key, ours)
        self.written.add(key)
        return ours

    def materialised(self, path: Any) -> Any:
        """Our copy of the file or folder, made now if need be."""
        key = self.key(path)
        if key is None or not self.exists(key):
            return path
        if key not in self.written:
            self._take(key, key)
        return self._ours(key)

    def remove(self, path: Any) -> None:
        """Forget our copy; hide the user's."""
        key = self.key(path, link=True)
        if key is None:
            (REAL.rmdir if _is_folder(path) else REAL.remove)(path)
            return
        ours = self._ours(key)
        if _is_there(ours):  # a folder may be there without having been written: made for what was in it
            (REAL.rmdir if _is_folder(ours) else REAL.remove)(ours)
        self.written.discard(key)
        if _is_there(key):
            self.hidden.add(key)

    def copy(self, source: Any, target: Any) -> None:
        """A copy of `source` (file or folder, as the script sees it) at the new path `target`."""
        from_key, to_key = self.key(source), self.key(target)
        if from_key is None or to_key is None or not self.exists(from_key):
            raise _error(errno.ENOENT, source)
        if self.exists(to_key):
            raise _error(errno.EEXIST, target)
        self._take(from_key, to_key)

    def rename(self, source: Any, target: Any) -> None:
        """As os.replace."""
        from_key, to_key = self.key(source, link=True), self.key(target, link=True)
        if from_key is None and to_key is None:
            REAL.replace(source, target)
            return
        if from_key is None or to_key is None:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), source, None, target)  # shutil.move then copies
        trouble = self._rename_trouble(from_key, to_key)
        if trouble:
            raise OSError(trouble, os.strerror(trouble), os.fspath(source), None, os.fspath(target))
        if from_key != to_key:
            self._take(from_key, to_key)
            self._drop(from_key)

    def _rename_trouble(self, source: str, target: str) -> int:
        """The error number that the plain rename gives, or 0."""
        mode, over = self.mode(source), self.mode(target)
        if mode is None or self.mode(os.path.dirname(target)) is None:
            return errno.ENOENT
        if over is None or source == target:
            return 0
        if stat.S_ISDIR(over) != stat.S_ISDIR(mode):
            return errno.EISDIR if stat.S_ISDIR(over) else errno.ENOTDIR
        return errno.ENOTEMPTY if stat.S_ISDIR(over) and self.names(target) else 0

    def _take(self, source: str, target: str) -> None:
        """Copy what the script sees at one key to another, folders with all they hold."""
        where = self._ours(source) if source in self.written else source
        if _is_folder(where):
            names = self.names(source)
            _make_folders(self._ours(target))
            self.written.add(target)
            for name in names:
                self._take(os.path.join(source, name), os.path.join(target, name))
        else:
            ours = self._ours(target)
            _make_folders(os.path.dirname(ours))
            _copy(where, ours)
            self.written.add(target)

    def _drop(self, key: str) -> None:
        if _is_folder(self._ours(key) if key in self.written else key):
            for name in self.names(key):
                self._drop(os.path.join(key, name))
        self.remove(key)


def beside(path: Any, dir_fd: int | None) -> Any:
    """`path` relative to an open folder, as a path of its own."""
    if dir_fd is None or os.path.isabs(path):
        return path
    return os.path.join(REAL.readlink(f"/proc/self/fd/{dir_fd}"), os.fsdecode(path))


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def _error(number: int, path: Any) -> OSError:
    return OSError(number, os.strerror(number), os.fspath(path))


def _is_link(path: str) -> bool:
    try:
        return stat.S_ISLNK(REAL.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _is_there(path: str) -> bool:
    try:
        REAL.lstat(path)
    except OSError:
        return False
    return True


def _make_folders(path: str) -> None:
    if path and not _is_folder(path):
        _make_folders(os.path.dirname(path))
        REAL.mkdir(path)


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(REAL.stat(path).st_mode)
    except OSError:
        return False


def _copy(source: str, target: str) -> None:
    if source == target:
        return
    with REAL.open(source, "rb") as read, REAL.open(target, "wb") as write:
        while block := read.read(1 << 20):
            write.write(block)
    times = REAL.stat(source)
    REAL.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
    REAL.chmod(target, stat.S_IMODE(times.st_mode) | stat.S_IWUSR)
