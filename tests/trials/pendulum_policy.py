import numpy as np

# Inverted pendulum, torque from a small net, cost differentiated through the simulator.

CFG = dict(dt=0.05, steps=42, batch=24, hidden=12, umax=6.0, grav=9.81, damp=0.15,
           q_th=1.0, q_om=0.05, r_u=0.002, lr=0.02, beta=0.85, iters=60, seed=5)


def make_policy(rng):
    h = CFG["hidden"]
    return {
        "W1": rng.normal(0, 0.5, (h, 2)),
        "b1": np.zeros((h, 1)),
        "w2": rng.normal(0, 0.3, (1, h)),
        "b2": np.zeros((1, 1)),
    }


def act(p, s):
    h = np.tanh(p["W1"] @ s + p["b1"])
    t = np.tanh(p["w2"] @ h + p["b2"])
    return h, t, CFG["umax"] * t


def rollout(p, s):
    """s: (2, batch), row 0 angle from upright, row 1 rate."""
    dt, B = CFG["dt"], s.shape[1]
    tape, cost = [], 0.0
    for _ in range(CFG["steps"]):
        h, t, u = act(p, s)
        om = s[1:] + dt * (CFG["grav"] * np.sin(s[:1]) - CFG["damp"] * s[1:] + u)
        th = s[:1] + dt * om
        cost += dt * np.sum(CFG["q_th"] * th**2 + CFG["q_om"] * om**2 + CFG["r_u"] * u**2) / B
        s_next = np.vstack([th, om])
        tape.append((s, h, t, u, s_next))
        s = s_next
    return cost, tape


def backward(p, tape):
    dt = CFG["dt"]
    B = tape[0][0].shape[1]
    g = {k: np.zeros_like(v) for k, v in p.items()}
    l_th = np.zeros((1, B))
    l_om = np.zeros((1, B))
    for s, h, t, u, s_next in reversed(tape):
        l_th = l_th + 2 * dt * CFG["q_th"] * s_next[:1] / B
        l_om = l_om + 2 * dt * CFG["q_om"] * s_next[1:] / B
        l_om = l_om + dt * l_th                       # angle moved with the new rate
        du = dt * l_om + 2 * dt * CFG["r_u"] * u / B
        l_th = l_th + dt * CFG["grav"] * np.cos(s[:1]) * l_om
        l_om = l_om * (1 - dt * CFG["damp"])
        # policy
        dz2 = du * CFG["umax"] * (1 - t**2)
        g["w2"] += dz2 @ h.T
        g["b2"] += dz2.sum()
        dz1 = (p["w2"].T @ dz2) * (1 - h**2)
        g["W1"] += dz1 @ s.T
        g["b1"] += dz1.sum(axis=1, keepdims=True)
        ds = p["W1"].T @ dz1
        l_th = l_th + ds[:1]
        l_om = l_om + ds[1:]
    return g


def main():
    rng = np.random.default_rng(CFG["seed"])
    p = make_policy(rng)
    vel = {k: np.zeros_like(v) for k, v in p.items()}
    for it in range(CFG["iters"]):
        s0 = np.vstack([rng.uniform(-0.5, 0.5, CFG["batch"]), rng.uniform(-0.8, 0.8, CFG["batch"])])
        cost, tape = rollout(p, s0)
        g = backward(p, tape)
        norm = np.sqrt(sum((v**2).sum() for v in g.values()))
        scale = min(1.0, 1.0 / norm)                  # clip
        for k in p:
            vel[k] = CFG["beta"] * vel[k] - CFG["lr"] * scale * g[k]
            p[k] = p[k] + vel[k]
        if it % 25 == 0:
            print(f"{it:4d}  cost {cost:9.4f}   |g| {norm:9.3f}")
    s0 = np.array([[0.4, -0.4, 0.2], [0.0, 0.5, -0.5]])
    cost, tape = rollout(p, s0)
    print("test cost", round(cost, 4), " final angles", np.round(tape[-1][4][0], 3))


if __name__ == "__main__":
    main()
