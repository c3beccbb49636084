"""In a notebook: `%load_ext gradcheck`, then `%gradcheck` and `%%gradcheck`.

The executed cells run again as one program in a child process, as those of a notebook's file do: the kernel's state
stays as it is.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rich_click as click
from click.core import ParameterSource
from click.exceptions import Exit
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

from . import configuration
from .cells import as_cell
from .check import check_target
from .cli import command, configured
from .errors import GradcheckError, UsageError
from .explain import manual
from .options import Display, Options
from .render import render, save
from .results import Report
from .target import Target

WIDTH = 100
# Options of the command line that say how cells are checked, and those that say what is shown of it.
CHECK = ("seed", "loss", "maximize", "call", "follow", "timeout", "batch_sizes", "select", "ignore")
SHOW = ("python", "no_stand_ins", "form", "quiet", "output", "html", "config", "explain", "list_rules")


@dataclass(slots=True)
class Executed:
    """One execution: its number in `In`, its text, and which cell of the notebook it was ("" where that is unknown)."""

    number: int
    text: str
    cell: str = ""


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Gives the shell the magics, and remembers from now on which cell an execution belongs to and which failed."""
    magics = GradcheckMagics(shell)
    shell.register_magics(magics)
    shell.events.register("pre_run_cell", magics.begun)
    shell.events.register("post_run_cell", magics.done)


@magics_class
class GradcheckMagics(Magics):
    """`%gradcheck` judges the cells executed so far; `%%gradcheck` judges them and its own cell, then runs it."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._cells: dict[int, str] = {}
        self._failed: set[int] = set()

    def begun(self, info: Any) -> None:
        """Before a cell runs: which cell it is, where the front end says so."""
        if getattr(info, "store_history", True):
            self._cells[self._shell.execution_count] = getattr(info, "cell_id", None) or ""

    def done(self, result: Any) -> None:
        """After a cell has run: one that failed is no part of the program."""
        if not result.success and result.execution_count:
            self._failed.add(result.execution_count)

    @line_cell_magic
    def gradcheck(self, line: str, cell: str | None = None) -> None:
        """Judge the gradients of the executed cells; options as on the command line."""
        try:
            self._judge(shlex.split(line))
        except GradcheckError as error:
            print(f"gradcheck: {error.message}" + (f"\n  {error.advice}" if error.advice else ""))
        except click.ClickException as error:
            print(f"gradcheck: {error.format_message()}")
        except Exit:
            return  # --help was asked for, and is shown
        if cell is not None:
            self._shell.run_cell(cell, store_history=False)  # type: ignore[no-untyped-call]

    def _judge(self, words: list[str]) -> None:
        project = configuration.find(self._shell.starting_dir)
        context = command.make_context("%gradcheck", words, obj=(), default_map=configured(project) if project else {})
        _refuse_what_has_no_meaning(context)
        chosen = context.params
        if chosen["list_rules"] or chosen["explain"] is not None:
            print(manual(chosen["explain"]), end="")
            return
        fields = {name: chosen[name] for name in CHECK}
        python = chosen["python"] or sys.executable
        options = Options.from_keywords({**fields, "python": python, "stand_ins": not chosen["no_stand_ins"]})
        checked = check_target(self._target(), options)
        if checked.interrupt:
            raise KeyboardInterrupt
        if chosen["html"]:
            save(chosen["html"], render([checked.report], "html"))
        if chosen["output"]:
            save(chosen["output"], render([checked.report], chosen["form"], Display(width=WIDTH)))
        else:
            show(checked.report, chosen["form"], quiet=chosen["quiet"])

    def _target(self) -> Target:
        """The executed cells as a notebook in the folder that the kernel began in."""
        history = self._shell.history_manager
        texts: list[str] = history.input_hist_raw if history is not None else []
        executed = [
            Executed(number, text, self._cells.get(number, ""))
            for number, text in enumerate(texts)
            if text.strip() and number not in self._failed
        ]
        name = _name(self._shell.user_ns) or "notebook"
        cells = tuple(as_cell(one.number, one.text) for one in latest(executed))
        return Target(Path(self._shell.starting_dir) / name, name, cells)


def _refuse_what_has_no_meaning(context: click.Context) -> None:
    """Raises UsageError for what was typed and would be passed over here."""
    if context.params["files"]:
        name = context.params["files"][0]
        raise UsageError("the magic judges the executed cells", f"!gradcheck {name} checks a file")
    for option in command.params:
        typed = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if typed and option.name not in (*CHECK, *SHOW):
            raise UsageError(f"{option.opts[0]} has no meaning in a notebook")


def latest(executed: Iterable[Executed]) -> list[Executed]:
    """The last version of each cell, where it stood at first: what "Run all" would run now.

    Two executions are the same cell where the front end says so, or where it says nothing and the texts are equal.
    """
    found: dict[str, Executed] = {}
    for one in executed:
        found[one.cell or f"text {one.text}"] = one
    return list(found.values())


def show(report: Report, form: str, *, quiet: bool) -> None:
    """The report under the cell: as HTML where the report has it, always as text."""
    text = render([report], form, Display(width=WIDTH, quiet=quiet))
    html = getattr(report, "_repr_html_", None)
    if form == "text" and html is not None:
        display({"text/plain": text, "text/html": html()}, raw=True)  # type: ignore[no-untyped-call]
    else:
        print(text, end="")


def _name(namespace: dict[str, Any]) -> str:
    """The running notebook's file name, "" where the front end does not tell it."""
    told = str(namespace.get("__vsc_ipynb_file__") or os.environ.get("JPY_SESSION_NAME") or "")
    return os.path.basename(told) if told.endswith(".ipynb") else ""
