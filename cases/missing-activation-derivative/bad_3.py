import numpy as np

rs = np.random.RandomState(30)
F = np.float32
data = rs.randn(128, 10).astype(F)
hot = np.eye(4, dtype=F)[(np.abs(data[:, :4])).argmax(1)]

P = {
    "w1": (rs.randn(10, 16) * np.sqrt(2 / 10)).astype(F), "b1": np.zeros(16, F),
    "w2": (rs.randn(16, 12) * np.sqrt(2 / 16)).astype(F), "b2": np.zeros(12, F),
    "w3": (rs.randn(12, 4) * np.sqrt(2 / 12)).astype(F), "b3": np.zeros(4, F),
}
M = {k: np.zeros_like(v) for k, v in P.items()}

for epoch in range(4):
    perm = rs.permutation(len(data))
    for s in range(0, len(data), 32):
        xb, yb = data[perm[s:s + 32]], hot[perm[s:s + 32]]
        z1 = xb @ P["w1"] + P["b1"]
        a1 = np.maximum(z1, 0)
        z2 = a1 @ P["w2"] + P["b2"]
        a2 = np.maximum(z2, 0)
        o = a2 @ P["w3"] + P["b3"]
        o = o - o.max(1, keepdims=True)
        p = np.exp(o) / np.exp(o).sum(1, keepdims=True)
        loss = -(yb * np.log(p)).sum() / len(xb)

        G = {}
        d3 = (p - yb) / F(len(xb))
        G["w3"], G["b3"] = a2.T @ d3, d3.sum(0)
        d2 = d3 @ P["w3"].T * (z2 > 0)
        G["w2"], G["b2"] = a1.T @ d2, d2.sum(0)
        d1 = d2 @ P["w2"].T  # expect: missing-activation-derivative
        G["w1"], G["b1"] = xb.T @ d1, d1.sum(0)
        for k in P:
            M[k] = F(0.9) * M[k] + G[k]
            P[k] -= F(0.05) * M[k]
    print(epoch, loss)
