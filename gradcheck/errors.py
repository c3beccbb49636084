"""Errors that end a run with one clear message.

    GradcheckError          exit code 2, the base of them all
    |-- UsageError          the command line, the configuration or an argument is wrong
    |-- InputError          the file named cannot be read as a Python script or notebook
    |-- EnvironmentFailure  the interpreter or a package that is needed is missing
    `-- RenderError         a report could not be written
"""

from __future__ import annotations


class GradcheckError(Exception):
    """A problem that is told in one message, with what to do about it.

    ``advice`` is the second sentence: what the user can do now.
    """

    exit_code = 2

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class UsageError(GradcheckError):
    """The command line, the configuration or an argument is wrong."""


class InputError(GradcheckError):
    """The file named cannot be read as a Python script or notebook."""


class EnvironmentFailure(GradcheckError):
    """The interpreter or a package that is needed is missing."""


class RenderError(GradcheckError):
    """A report could not be written."""
