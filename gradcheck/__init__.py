"""Checks the hand-written gradients of NumPy training code and names the line that is wrong.

``gradcheck.check_script("model.py")`` does from Python what ``gradcheck model.py`` does in a shell. The names below are
imported on first use, so that ``import gradcheck`` costs nothing.
"""

from __future__ import annotations

# Type checkers take this name for true. Importing `typing` alone would cost more than the rest of this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import hooks as hooks
    from .check import check_script as check_script
    from .results import Report as Report

__version__ = "0.1.0"

_HOMES = {
    "check_script": ".check",
    "check_gradients": ".functions",
    "check_vjp": ".functions",
    "check_layer": ".functions",
    "assert_gradients": ".pytest_plugin",
    "Report": ".results",
    "hooks": ".hooks",
}

__all__ = ["__version__", *_HOMES]


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext gradcheck` calls in a notebook: it gives the magics %gradcheck and %%gradcheck."""
    from .notebook import load_ipython_extension as load

    load(shell)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        module = import_module(home, __name__)
    except ModuleNotFoundError as error:
        if error.name != __name__ + home:
            raise
        raise AttributeError(f"{__name__}.{name} is not part of this version") from None
    return module if home == "." + name else getattr(module, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
