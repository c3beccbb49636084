import numpy as np

GLYPHS = {
    0: "111101101101111", 1: "010110010010111", 2: "111001111100111",
    3: "111001111001111", 4: "101101111001001", 7: "111001010010010",
}


def read(n, noise=0.15):
    keys = list(GLYPHS)
    xs = np.empty((n, 15), dtype=np.float32)
    ys = np.empty(n, dtype=np.int64)
    for i in range(n):
        k = np.random.randint(len(keys))
        bits = np.array([float(c) for c in GLYPHS[keys[k]]])
        xs[i] = bits + np.random.normal(0, noise, 15)
        ys[i] = k
    return xs, ys
