"""Reports as text. A renderer takes reports and a Display and gives one string; adding one is a file and a row."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ..errors import RenderError
from ..options import Display

if TYPE_CHECKING:
    from ..results import Report

# Format name -> module with `render`. Imported on use, so that `gradcheck --help` does not pay for them.
RENDERERS = {
    "text": "terminal",
    "concise": "concise",
    "json": "jsonfile",
    "html": "html",
    "sarif": "sarif",
    "github": "github",
}


def render(reports: Sequence[Report], form: str, display: Display | None = None) -> str:
    """The reports in one of the forms of `RENDERERS`."""
    module = import_module("." + RENDERERS[form], __name__)
    renderer = cast("Callable[[Sequence[Report], Display], str]", module.render)
    return renderer(reports, display or Display())


def save(path: str, text: str) -> None:
    """Writes ``text`` to ``path`` as a whole or not at all. Raises RenderError when it cannot be written."""
    import tempfile

    folder = os.path.dirname(os.path.abspath(path))
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            # A device or a pipe cannot be replaced, only written to.
            Path(path).write_text(text, encoding="utf-8")
            return
        descriptor, draft = tempfile.mkstemp(prefix=".gradcheck-", dir=folder)
        try:
            with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(text)
            os.chmod(draft, 0o666 & ~_umask())
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
    except OSError as error:
        raise RenderError(f"{path}: the report cannot be written: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
