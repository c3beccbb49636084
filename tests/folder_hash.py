"""A folder's fingerprint, to prove that a run leaves the user's files as they were."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def folder_hash(folder: str | Path) -> dict[str, str]:
    """Every path under `folder` with its kind, permissions, content and time of change."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in sorted(folders + files):
            path = Path(root, name)
            found[str(path.relative_to(folder))] = _fingerprint(path)
    return found


def _fingerprint(path: Path) -> str:
    status = path.lstat()
    if path.is_symlink():
        content = os.readlink(path)
    elif path.is_file():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    else:
        return f"{status.st_mode:o}"  # a folder's time may change with what pytest does around it
    return f"{status.st_mode:o} {status.st_mtime_ns} {content}"


@contextmanager
def unchanged_folder(folder: str | Path) -> Iterator[None]:
    """Asserts that nothing under `folder` was added, removed or changed inside the block."""
    before = folder_hash(folder)
    yield
    after = folder_hash(folder)
    assert after == before, {name for name in {*before, *after} if before.get(name) != after.get(name)}
