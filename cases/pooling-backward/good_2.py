import numpy as np


class AveragePool:
    """Means over squares that do not overlap."""

    def __init__(self, side):
        self.side = side

    def __call__(self, maps):
        s = self.side
        n, f, h, w = maps.shape
        self.squares = (n, f, h // s, s, w // s, s)
        return maps.reshape(self.squares).mean(axis=(3, 5))

    def back(self, error):
        s = self.side
        shared = np.broadcast_to(error[:, :, :, None, :, None] / s ** 2, self.squares)
        n, f, h, _, w, _ = self.squares
        return shared.reshape(n, f, h * s, w * s)


class Net:
    def __init__(self, rng):
        self.kernel = rng.normal(0, 0.4, (4, 9))
        self.offset = np.zeros((4, 1, 1))
        self.pool = AveragePool(3)
        self.out = rng.normal(0, 0.4, (16, 1))

    def forward(self, x):
        cols = [x[:, i:i + 6, j:j + 6] for i in range(3) for j in range(3)]
        self.cols = np.stack(cols, axis=1)
        self.maps = np.tanh(np.einsum("fp,npij->nfij", self.kernel, self.cols) + self.offset)
        self.small = self.pool(self.maps).reshape(len(x), 16)
        return self.small @ self.out

    def backward(self, error):
        d_out = self.small.T @ error
        d_small = (error @ self.out.T).reshape(-1, 4, 2, 2)
        d_maps = self.pool.back(d_small) * (1 - self.maps ** 2)
        d_kernel = np.einsum("nfij,npij->fp", d_maps, self.cols)
        d_offset = d_maps.sum(axis=(0, 2, 3))[:, None, None]
        return d_kernel, d_offset, d_out


rng = np.random.default_rng(334)
tiles = rng.normal(size=(35, 8, 8))
rough = np.abs(np.diff(tiles, axis=1)).mean(axis=(1, 2))[:, None]
rough = (rough - rough.mean()) / rough.std()
net = Net(rng)
for epoch in range(60):
    error = net.forward(tiles) - rough
    loss = np.sum(error ** 2) / (2 * len(tiles))
    d_kernel, d_offset, d_out = net.backward(error / len(tiles))
    net.kernel -= 0.3 * d_kernel
    net.offset -= 0.3 * d_offset
    net.out -= 0.3 * d_out
    if epoch % 15 == 0:
        print(epoch, loss)
