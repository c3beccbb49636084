import numpy as np


class TimeDistributed:
    """The same dense layer for each moment of each sequence: (batch, time, features)."""

    def __init__(self, n_in, n_out, rng):
        self.kernel = rng.normal(0, 0.4, (n_in, n_out))
        self.bias = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return np.einsum("btf,fg->btg", x, self.kernel) + self.bias

    def backward(self, grad):
        self.d_kernel = np.einsum("btf,bsg->fg", self.x, grad)  # expect: einsum-dropped-index
        self.d_bias = np.einsum("btg->g", grad)
        return np.einsum("btg,fg->btf", grad, self.kernel)

    def update(self, rate):
        self.kernel -= rate * self.d_kernel
        self.bias -= rate * self.d_bias


rng = np.random.default_rng(80)
signal = rng.normal(size=(12, 7, 3))
wanted = np.cumsum(signal, axis=2)[..., 1:] * 0.5
lower, upper = TimeDistributed(3, 8, rng), TimeDistributed(8, 2, rng)
for epoch in range(50):
    mid = np.tanh(lower.forward(signal))
    out = upper.forward(mid)
    loss = np.mean((out - wanted) ** 2)
    grad = 2 * (out - wanted) / out.size
    grad = upper.backward(grad) * (1 - mid ** 2)
    lower.backward(grad)
    upper.update(0.3)
    lower.update(0.3)
    if epoch % 10 == 0:
        print(epoch, loss)
