"""`gradcheck --demo`: a small network with one mistake in it, the report on it, and how to read that report."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..target import Target

SCRIPT = Path(__file__).parent / "model.py"

BEFORE = """\
A network with one hidden layer learns to tell two half circles apart. It runs,
its loss falls, and one line of its backward pass is wrong. This is what
`gradcheck model.py` says about it:

"""

AFTER = """
How to read it

  first line  what was recorded: a few steps are enough, the training ends early
  loss        what the gradients were compared with, and where it is computed
  table       one row a parameter. `off by`: how far its gradient is from the
              true one, `exact` or a share of its length. `scale`: a factor that
              is no mistake by itself, such as the batch size. `direction`:
              which way the update really moved the loss; downhill is learning
  error[...]  the mistake; `gradcheck --explain NAME` has a page on the name
  -->         file:line:column, the function, the parameters affected
  ^^^^        the place: what goes in is right, what comes out is not
  ----        what else matters for it
  proof       the figures that make it certain
  effect      what it does to the training, or what it was judged against
  fix         where one is known: the edit, and what came of trying it
  changed:    what was done differently from a plain run; no file of yours was
  last line   the sum of it. Exit code: 0 clean, 1 error, 2 nothing could be
              judged, 3 partly judged

The mistake: the hidden layer is tanh, whose derivative is 1 - hidden**2, while
hidden * (1 - hidden) is that of the sigmoid. Next: gradcheck your_script.py
"""


@contextmanager
def target() -> Iterator[Target]:
    """The broken script as if it were the user's own, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="gradcheck-demo-") as folder:
        yield Target(Path(shutil.copy(SCRIPT, folder)), "model.py")
