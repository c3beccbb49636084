import numpy as np

np.random.seed(323)
batch, places, channels = 14, 4, 6
seq = np.random.randn(batch, places, channels)
goal = np.sort(seq, axis=-1)[:, :, -1:] - seq.mean(axis=-1, keepdims=True)

mix = np.random.randn(channels, 8) * 0.4
off = np.random.randn(8) * 0.1
scale, shift = np.ones(8), np.zeros(8)
read = np.random.randn(8, 1) * 0.4

for it in range(100):
    pre = seq @ mix + off
    mean = np.mean(pre, axis=-1, keepdims=True)
    rstd = (np.var(pre, axis=-1, keepdims=True) + 1e-6) ** -0.5
    norm = (pre - mean) * rstd
    act = np.tanh(norm * scale + shift)
    pred = act @ read
    loss = ((pred - goal) ** 2).mean()

    d_pred = 2 * (pred - goal) / pred.size
    d_read = np.einsum("bpc,bpo->co", act, d_pred)
    d_aff = d_pred @ read.T * (1 - act ** 2)
    d_scale = (d_aff * norm).sum(axis=(0, 1))
    d_shift = d_aff.sum(axis=(0, 1))
    d_norm = d_aff * scale
    along = np.mean(d_norm * norm, axis=-1, keepdims=True)
    d_pre = rstd * (d_norm - np.mean(d_norm, axis=-1, keepdims=True) - norm * along)
    d_mix = np.einsum("bpi,bpo->io", seq, d_pre)
    d_off = d_pre.sum(axis=(0, 1))

    read -= 0.2 * d_read
    scale -= 0.2 * d_scale
    shift -= 0.2 * d_shift
    mix -= 0.2 * d_mix
    off -= 0.2 * d_off
    if it % 25 == 0:
        print(it, loss)
