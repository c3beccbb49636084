"""REINFORCE with an entropy bonus on a small gridworld (functional style)."""
import numpy as np

SIZE, GOAL, PIT = 4, 15, 9
MOVES = [(-1, 0), (0, 1), (1, 0), (0, -1)]


def env_step(s, a, rng):
    if rng.random() < 0.1:
        a = rng.integers(4)
    r, c = divmod(s, SIZE)
    dr, dc = MOVES[a]
    r, c = min(max(r + dr, 0), SIZE - 1), min(max(c + dc, 0), SIZE - 1)
    s2 = r * SIZE + c
    if s2 == GOAL:
        return s2, 1.0, True
    if s2 == PIT:
        return s2, -1.0, True
    return s2, -0.02, False


def init_policy(rng, hidden=24):
    return {
        "W1": rng.normal(0, 0.4, (SIZE * SIZE, hidden)),
        "b1": np.zeros(hidden),
        "W2": rng.normal(0, 0.2, (hidden, 4)),
        "b2": np.zeros(4),
    }


def log_policy(params, obs):
    h = np.tanh(obs @ params["W1"] + params["b1"])
    z = h @ params["W2"] + params["b2"]
    z = z - z.max(axis=1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return logp, h


def rollout(params, rng, gamma=0.97, horizon=40):
    s, states, actions, rewards = 0, [], [], []
    for _ in range(horizon):
        logp, _ = log_policy(params, np.eye(SIZE * SIZE)[[s]])
        a = rng.choice(4, p=np.exp(logp[0]) / np.exp(logp[0]).sum())
        s2, r, done = env_step(s, a, rng)
        states.append(s)
        actions.append(a)
        rewards.append(r)
        s = s2
        if done:
            break
    G, ret = 0.0, []
    for r in reversed(rewards):
        G = r + gamma * G
        ret.append(G)
    return states, actions, ret[::-1], sum(rewards)


def surrogate(params, obs, act, adv, beta):
    """Policy-gradient surrogate; the advantages are constants."""
    logp, h = log_policy(params, obs)
    p = np.exp(logp)
    n = len(act)
    ent = -(p * logp).sum(axis=1)
    loss = -(adv * logp[np.arange(n), act]).mean() - beta * ent.mean()

    dz = p * adv[:, None]
    dz[np.arange(n), act] -= adv
    dz += beta * p * (logp + ent[:, None])
    dz /= n
    dh = dz @ params["W2"].T
    da = dh * (1.0 - h ** 2)
    grads = {
        "W2": h.T @ dz,
        "b2": dz.sum(axis=0),
        "W1": obs.T @ da,
        "b1": da.sum(axis=0),
    }
    return loss, grads


def adam(params, grads, state, lr=0.02, b1=0.9, b2=0.999, eps=1e-8):
    t = state["t"] + 1
    m = {k: b1 * state["m"][k] + (1 - b1) * g for k, g in grads.items()}
    v = {k: b2 * state["v"][k] + (1 - b2) * g * g for k, g in grads.items()}
    c1, c2 = 1 - b1 ** t, 1 - b2 ** t
    new = {k: params[k] - lr * (m[k] / c1) / (np.sqrt(v[k] / c2) + eps) for k in params}
    return new, {"t": t, "m": m, "v": v}


def main():
    rng = np.random.default_rng(11)
    params = init_policy(rng)
    zeros = {k: np.zeros_like(p) for k, p in params.items()}
    state = {"t": 0, "m": zeros, "v": dict(zeros)}
    for it in range(60):
        S, A, R, totals = [], [], [], []
        for _ in range(8):
            s, a, ret, tot = rollout(params, rng)
            S += s
            A += a
            R += ret
            totals.append(tot)
        obs, act, ret = np.eye(SIZE * SIZE)[S], np.array(A), np.array(R)
        adv = (ret - ret.mean()) / (ret.std() + 1e-6)
        loss, grads = surrogate(params, obs, act, adv, beta=0.01)
        params, state = adam(params, grads, state)
        if it % 10 == 0:
            print(f"iter {it:3d}  surrogate {loss:+.4f}  return {np.mean(totals):+.3f}")


if __name__ == "__main__":
    main()
