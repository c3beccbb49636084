"""Neural ODE with explicit Euler steps fitted to a spiral; discrete adjoint by hand; LAMB optimiser."""
import numpy as np

DT, STEPS = 0.1, 25


def spiral(rng, B):
    A = np.array([[-0.1, 2.0], [-2.0, -0.1]])
    z = rng.uniform(0.5, 1.5, (B, 2)) * rng.choice([-1, 1], (B, 2))
    traj = [z]
    for _ in range(STEPS):
        for _ in range(10):
            z = z + DT / 10 * (z @ A.T)
        traj.append(z)
    return np.stack(traj)                       # STEPS+1, B, 2


def field(p, z):
    h = np.tanh(z @ p["W1"] + p["b1"])
    return h @ p["W2"] + p["b2"], h


def simulate(p, z0):
    zs, hs = [z0], []
    for _ in range(STEPS):
        f, h = field(p, zs[-1])
        hs.append(h)
        zs.append(zs[-1] + DT * f)
    return np.stack(zs), hs


def fit_loss(p, target):
    zs, hs = simulate(p, target[0])
    res = zs - target
    return 0.5 * np.mean(np.sum(res[1:] ** 2, axis=-1)), (zs, hs, res)


def adjoint(p, tape):
    zs, hs, res = tape
    B = zs.shape[1]
    scale = 1.0 / (STEPS * B)
    g = {k: np.zeros_like(v) for k, v in p.items()}
    lam = np.zeros((B, 2))
    for t in range(STEPS, 0, -1):
        lam = lam + scale * res[t]
        df = DT * lam
        h = hs[t - 1]
        g["W2"] += h.T @ df
        g["b2"] += df.sum(axis=0)
        dpre = (df @ p["W2"].T) * (1 - h ** 2)
        g["W1"] += zs[t - 1].T @ dpre
        g["b1"] += dpre.sum(axis=0)
        lam = lam + dpre @ p["W1"].T
    return g


def lamb(p, g, state, lr=0.02, b1=0.9, b2=0.99, wd=1e-4, eps=1e-6):
    m, v, t = state
    t += 1
    new_p, new_m, new_v = {}, {}, {}
    for k in p:
        new_m[k] = b1 * m[k] + (1 - b1) * g[k]
        new_v[k] = b2 * v[k] + (1 - b2) * g[k] ** 2
        r = (new_m[k] / (1 - b1 ** t)) / (np.sqrt(new_v[k] / (1 - b2 ** t)) + eps) + wd * p[k]
        pn, rn = np.linalg.norm(p[k]), np.linalg.norm(r)
        trust = pn / rn if pn > 0 and rn > 0 else 1.0
        new_p[k] = p[k] - lr * min(trust, 10.0) * r
    return new_p, (new_m, new_v, t)


def main():
    rng = np.random.default_rng(2)
    p = {
        "W1": rng.normal(0, 0.6, (2, 16)), "b1": rng.normal(0, 0.1, 16),
        "W2": rng.normal(0, 0.3, (16, 2)), "b2": rng.normal(0, 0.1, 2),
    }
    state = ({k: np.zeros_like(a) for k, a in p.items()}, {k: np.zeros_like(a) for k, a in p.items()}, 0)
    for it in range(400):
        target = spiral(rng, 12)
        L, tape = fit_loss(p, target)
        g = adjoint(p, tape)
        p, state = lamb(p, g, state)
        if it % 80 == 0:
            print(f"{it:4d} loss {L:.5f}")


if __name__ == "__main__":
    main()
