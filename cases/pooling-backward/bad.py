import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

np.random.seed(330)
images = np.random.rand(30, 8, 8)
bright = np.random.randint(0, 2, size=30)
for image, side in zip(images, bright):
    image[1:4, 1 + 4 * side:3 + 4 * side] += 1.5
labels = np.eye(2)[bright]

kernels = np.random.randn(3, 3, 3) * 0.3
kernel_bias = np.zeros(3)
W = np.random.randn(27, 2) * 0.2
b = np.zeros(2)

patches = sliding_window_view(images, (3, 3), axis=(1, 2))
for epoch in range(40):
    maps = np.einsum("nijkl,fkl->nfij", patches, kernels) + kernel_bias[:, None, None]
    act = np.tanh(maps)
    blocks = act.reshape(30, 3, 3, 2, 3, 2)
    pooled = blocks.max(axis=(3, 5))
    flat = pooled.reshape(30, -1)
    scores = flat @ W + b
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs = scores / scores.sum(axis=1, keepdims=True)
    loss = -np.sum(labels * np.log(probs)) / 30

    d_scores = (probs - labels) / 30
    d_W = flat.T @ d_scores
    d_b = d_scores.sum(axis=0)
    d_pooled = (d_scores @ W.T).reshape(pooled.shape)
    d_act = d_pooled.repeat(2, axis=2).repeat(2, axis=3)  # expect: pooling-backward
    d_maps = d_act * (1 - act ** 2)
    d_kernels = np.einsum("nijkl,nfij->fkl", patches, d_maps)
    d_kernel_bias = d_maps.sum(axis=(0, 2, 3))

    W -= 0.1 * d_W
    b -= 0.1 * d_b
    kernels -= 0.1 * d_kernels
    kernel_bias -= 0.1 * d_kernel_bias
    if epoch % 10 == 0:
        print(epoch, loss)
