import numpy as np

gen = np.random.default_rng(17)
A = gen.normal(size=(36, 6)).astype(np.float32)
B = (A[:, :2] ** 2).astype(np.float32)


class ReLU:
    def __call__(self, z):
        return np.maximum(z, np.float32(0))

    def slope(self, z):
        return (self(z) > 0).astype(np.float32)


act = ReLU()
K = gen.normal(0, 0.5, (6, 11)).astype(np.float32)
k = np.full((11,), 0.1, np.float32)
L = gen.normal(0, 0.5, (11, 2)).astype(np.float32)
l = np.zeros((2,), np.float32)
for rnd in range(40):
    hid = act(A @ K + k)
    res = hid @ L + l
    gap = res - B
    loss = (gap * gap).sum() / (2 * len(A))
    gap = gap / np.float32(len(A))
    hid_gap = (gap @ L.T) * act.slope(hid)
    L -= np.float32(0.1) * (hid.T @ gap)
    l -= np.float32(0.1) * gap.sum(0)
    K -= np.float32(0.1) * (A.T @ hid_gap)
    k -= np.float32(0.1) * hid_gap.sum(0)
print("last", loss)
