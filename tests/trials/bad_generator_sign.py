"""Wasserstein GAN with weight clipping; five critic steps to each generator step."""
import numpy as np

rng = np.random.default_rng(67)
B, NOISE, HID, CLIP = 64, 2, 32, 0.1
N_CRITIC = 5


def sample_real(n):
    side = rng.integers(2, size=n) * 2 - 1
    return np.stack([side * 1.5 + 0.2 * rng.normal(size=n), 0.5 + 0.3 * rng.normal(size=n)], axis=1)


gen = {"W1": rng.normal(0, 0.5, (NOISE, HID)), "b1": np.zeros(HID),
       "W2": rng.normal(0, 0.2, (HID, 2)), "b2": np.zeros(2)}
critic = {"W1": rng.uniform(-CLIP, CLIP, (2, HID)), "b1": np.zeros(HID),
          "W2": rng.uniform(-CLIP, CLIP, (HID, HID)), "b2": np.zeros(HID),
          "w3": rng.uniform(-CLIP, CLIP, HID)}
gen_sq = {k: np.zeros_like(v) for k, v in gen.items()}
critic_sq = {k: np.zeros_like(v) for k, v in critic.items()}


def g_forward(z):
    h = np.tanh(z @ gen["W1"] + gen["b1"])
    return h @ gen["W2"] + gen["b2"], (z, h)


def g_backward(mem, dx):
    z, h = mem
    dpre = dx @ gen["W2"].T * (1 - h ** 2)
    return {"W1": z.T @ dpre, "b1": dpre.sum(0), "W2": h.T @ dx, "b2": dx.sum(0)}


def c_forward(x):
    p1 = x @ critic["W1"] + critic["b1"]
    h1 = np.where(p1 > 0, p1, 0.2 * p1)
    p2 = h1 @ critic["W2"] + critic["b2"]
    h2 = np.where(p2 > 0, p2, 0.2 * p2)
    return h2 @ critic["w3"], (x, p1, h1, p2, h2)


def c_backward(mem, dscore):
    x, p1, h1, p2, h2 = mem
    g = {"w3": h2.T @ dscore}
    d2 = np.outer(dscore, critic["w3"]) * np.where(p2 > 0, 1.0, 0.2)
    g["W2"], g["b2"] = h1.T @ d2, d2.sum(0)
    d1 = d2 @ critic["W2"].T * np.where(p1 > 0, 1.0, 0.2)
    g["W1"], g["b1"] = x.T @ d1, d1.sum(0)
    return g, d1 @ critic["W1"].T


def rmsprop(net, sq, g, lr):
    for k in net:
        sq[k] = 0.95 * sq[k] + 0.05 * g[k] ** 2
        net[k] -= lr * g[k] / (np.sqrt(sq[k]) + 1e-7)


for it in range(1, 501):
    for _ in range(N_CRITIC):
        real = sample_real(B)
        fake, _mem = g_forward(rng.normal(size=(B, NOISE)))
        s_real, m_real = c_forward(real)
        s_fake, m_fake = c_forward(fake)
        c_loss = s_fake.mean() - s_real.mean()
        g1, _ = c_backward(m_real, np.full(B, -1.0 / B))
        g2, _ = c_backward(m_fake, np.full(B, 1.0 / B))
        g_c = {k: g1[k] + g2[k] for k in g1}
        rmsprop(critic, critic_sq, g_c, 2e-3)
        for k in critic:
            np.clip(critic[k], -CLIP, CLIP, out=critic[k])

    fake, m_gen = g_forward(rng.normal(size=(B, NOISE)))
    s_fake, m_fake = c_forward(fake)
    g_loss = -s_fake.mean()
    _, d_fake = c_backward(m_fake, np.full(B, 1.0 / B))
    g_g = g_backward(m_gen, d_fake)
    rmsprop(gen, gen_sq, g_g, 2e-3)

    if it % 100 == 0:
        pts = g_forward(rng.normal(size=(1000, NOISE)))[0]
        print(f"{it:4d} critic {c_loss:+.5f} generator {g_loss:+.5f} "
              f"mean {pts.mean(0).round(2)} |x| {np.abs(pts[:, 0]).mean():.2f}")
