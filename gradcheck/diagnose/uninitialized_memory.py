"""A gradient is computed from memory that nobody wrote.

`np.empty` and `np.empty_like` reserve memory and put nothing in it. Reading an element before writing it gives whatever
the allocator left there: often zeros in a fresh, large block, old numbers in a small one. So the script seems to work
on one machine, or at one batch size, and not on another.

The report counts the elements read that were never assigned and whose value reaches a parameter's update.

## How to see it yourself

    a = np.full((3, 4), np.nan)     # in the place of np.empty((3, 4))

Fill the array with `nan` where it is reserved and run the script: what was never written turns up as `nan`.

## What to do

Write the elements that are read (often a loop that begins at 1 and should begin at 0), or use `np.zeros` if zeros are
meant.
"""

SLUG = "uninitialized-memory"
SEVERITY = "error"
