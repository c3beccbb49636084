import numpy as np

rng = np.random.default_rng(152)
SEQ, HID = 6, 5
params = {"wx": rng.normal(size=(HID, 1)) * 0.5, "wh": rng.normal(size=(HID, HID)) * 0.3,
          "wy": rng.normal(size=(1, HID)) * 0.5}
series = rng.normal(size=(12, SEQ))

for epoch in range(10):
    total = 0.0
    for s in series:
        h = np.zeros((SEQ + 1, HID))
        for t in range(SEQ):
            h[t] = np.tanh(params["wx"][:, 0] * s[t] + params["wh"] @ h[t - 1])
        out = params["wy"] @ h[SEQ - 1]
        err = out - s.sum()
        total += 0.5 * np.sum(err ** 2)
        g = {k: np.zeros_like(v) for k, v in params.items()}
        g["wy"] += np.outer(err, h[SEQ - 1])
        carry = np.empty((SEQ, HID))
        carry[SEQ - 2] = params["wy"].T @ err
        for t in range(SEQ - 1, 0, -1):
            dz = carry[t] * (1 - h[t] ** 2)  # expect: uninitialized-memory
            g["wx"] += dz[:, None] * s[t]
            g["wh"] += np.outer(dz, h[t - 1])
            carry[t - 1] = params["wh"].T @ dz
        for k in params:
            params[k] -= 0.01 * g[k]
    print(epoch, total)
