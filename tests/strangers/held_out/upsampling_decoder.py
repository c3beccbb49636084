import numpy as np

# latent code -> 3x3 map -> nearest upsampling -> 3x3 convolution -> picture; codes are learned too

g = np.random.default_rng(40)
n, side, ch = 12, 6, 5
canvas = np.zeros((n, side, side))
for k in range(n):
    r, c = g.integers(0, 4, 2)
    canvas[k, r:r + 3, c:c + 3] = 1

codes = g.normal(0, 1, (n, 4))
F = g.normal(0, 0.5, (4, 3, 3, ch))
kern = g.normal(0, 0.3, (3, 3, ch))
bias = np.float64(0)
lr = 0.1

for epoch in range(60):
    small = np.einsum('nz,zhwc->nhwc', codes, F)
    rect = np.where(small > 0, small, 0.2 * small)
    big = rect.repeat(2, axis=1).repeat(2, axis=2)
    pad = np.pad(big, ((0, 0), (1, 1), (1, 1), (0, 0)))
    logit = bias + sum(
        pad[:, i:i + side, j:j + side] @ kern[i, j] for i in range(3) for j in range(3)
    )
    prob = 1 / (1 + np.exp(-logit))
    loss = -(canvas * np.log(prob + 1e-9) + (1 - canvas) * np.log(1 - prob + 1e-9)).sum() / n

    d = (prob - canvas) / n
    d_kern = np.zeros_like(kern)
    d_pad = np.zeros_like(pad)
    for i in range(3):
        for j in range(3):
            d_kern[i, j] = np.einsum('nhw,nhwc->c', d, pad[:, i:i + side, j:j + side])
            d_pad[:, i:i + side, j:j + side] += d[..., None] * kern[i, j]
    d_big = d_pad[:, 1:-1, 1:-1]
    d_small = d_big.reshape(n, 3, 2, 3, 2, ch).sum(axis=(2, 4)) * np.where(small > 0, 1, 0.2)
    d_F = np.einsum('nz,nhwc->zhwc', codes, d_small)
    d_codes = np.einsum('zhwc,nhwc->nz', F, d_small)

    bias = bias - lr * d.sum()
    kern -= lr * d_kern
    F -= lr * d_F
    codes -= lr * d_codes
    if not epoch % 15:
        print(epoch, loss)
