"""A gradient is not the derivative of the loss.

Every entry of the gradient that the script computes is compared with the derivative of its own loss, which is found by
sweeping backward through the recorded operations and is confirmed by central differences. What counts as different is
not a tolerance but the rounding error that the sums on both sides can have. A factor that all parameters share, such as
the batch size, is no mismatch.

The place shown is the first line of the backward pass at which what goes in is right and what comes out is not, so the
mistake is on that line, or in the forward line that it should be the derivative of.

## How to see it yourself

    epsilon, w = 1e-6, W[0, 0]
    W[0, 0] = w + epsilon; above = loss()
    W[0, 0] = w - epsilon; below = loss()
    W[0, 0] = w; print((above - below) / (2 * epsilon), dW[0, 0])

## What to do

Write down the derivative of the forward line alone and compare it with the marked expression: a missing or doubled
factor, a transposed matrix, a sum over the wrong axis, a value of the next layer, a weight that was updated too early.
If the script descends another loss than the one named in the report, name it: `--loss NAME`.
"""

SLUG = "gradient-mismatch"
SEVERITY = "error"
