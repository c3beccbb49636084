import numpy as np

np.random.seed(13)
X = np.random.randn(64, 3)
t = np.sin(X.sum(axis=1, keepdims=True))

Wa = np.random.randn(3, 14) * 0.5
ba = np.zeros(14)
Wb = np.random.randn(14, 1) * 0.3
bb = np.zeros(1)
eta = 0.1

for epoch in range(100):
    hid = np.tanh(X @ Wa + ba)
    out = hid @ Wb + bb
    err = out - t
    loss = 0.5 * np.mean(err ** 2)
    delta_out = err / len(X)

    Wb -= eta * (hid.T @ delta_out)
    bb -= eta * delta_out.sum(axis=0)

    delta_hid = (delta_out @ Wb.T) * (1 - hid ** 2)  # expect: stale-weights
    Wa -= eta * (X.T @ delta_hid)
    ba -= eta * delta_hid.sum(axis=0)
    if epoch % 25 == 0:
        print(epoch, loss)
