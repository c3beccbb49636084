import numpy as np

rng = np.random.default_rng(1)
rows = 50
height = rng.normal(0, 1, rows)
lift = np.zeros(rows)
for epoch in range(40):
    order = rng.permutation(rows)
    for start in range(0, rows, 10):
        pick = order[start:start + 10]  # no row twice: += through the index loses nothing
        gap = lift[pick] - height[pick]
        loss = 0.5 * np.mean(gap ** 2)
        slope = np.zeros(rows)
        slope[pick] += gap / len(pick)
        lift -= 0.8 * slope
    if epoch % 10 == 0:
        print(epoch, loss)
