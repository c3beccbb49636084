import numpy as np

np.random.seed(6)
X = np.random.randn(75, 8)
X[:, 4:] = X[:, :4] @ np.random.randn(4, 4)
classes = (X[:, 0] > 0).astype(int) + 2 * (X[:, 1] > 0).astype(int)
Y = np.zeros((75, 4))
Y[np.arange(75), classes] = 1.0

encode = np.random.randn(8, 3) * 0.3
decode = np.random.randn(3, 4) * 0.3
shift = np.zeros(4)
for sweep in range(60):
    code = X @ encode
    logits = code @ decode + shift
    logits -= logits.max(axis=1, keepdims=True)
    probs = np.exp(logits)
    probs /= probs.sum(axis=1, keepdims=True)
    nll = -np.log(probs[np.arange(75), classes]).mean()
    err = (probs - Y) / 75
    d_code = err @ decode.T
    decode -= 0.5 * code.T @ err
    shift -= 0.5 * err.sum(axis=0)
    encode -= 0.5 * X.T @ d_code
    if sweep % 20 == 0:
        print(sweep, nll)
