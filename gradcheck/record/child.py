"""The child process: `python child.py CONFIG.json` runs one script under the recorder.

It is run as a plain file with nothing of ours on `sys.path`. The package is loaded under a name that no import
statement can spell, and before the user's folder is searched, so that a user's own gradcheck.py, results.py or
numpy.py is the user's and ours is ours.
"""

PRISTINE = [name for name in globals() if name not in ("PRISTINE",)]  # before anything else: what plain Python gives

import importlib  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
import types  # noqa: E402
from typing import Any, NoReturn  # noqa: E402

PACKAGE = "@gradcheck"


def main(config_path: str) -> NoReturn:
    """Run the script that the configuration file names, and leave with the script's exit code."""
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == here:
        del sys.path[0]
    # The parent's time limit may come while we are still loading: it waits until there is something to end.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    load_package(os.path.dirname(here))
    with open(config_path, encoding="utf-8") as file:
        config: dict[str, Any] = json.load(file)
    session = importlib.import_module(f"{PACKAGE}.record.session")
    session.run(config, PRISTINE)
    raise AssertionError("the run leaves the process")


def load_package(folder: str) -> types.ModuleType:
    """The package in `folder`, in `sys.modules` under `PACKAGE`."""
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    return package


if __name__ == "__main__":
    main(sys.argv[1])
