"""Checks of a function and its hand-written gradient: calling conventions, the run, the words."""
