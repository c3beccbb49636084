"""An expected reward that is climbed on purpose; nothing says so."""

import numpy as np

rng = np.random.default_rng(3)
pay = np.array([1.0, 3.0, 2.0, 5.0])
z = rng.normal(size=4)
for it in range(60):
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    reward = p @ pay
    z += 0.2 * p * (pay - reward)
    print(reward)
