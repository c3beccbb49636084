"""PPO with a clipped surrogate, Gaussian policy with learnt log-std, one-step task."""
import numpy as np

rng = np.random.RandomState(21)
S_DIM, A_DIM, HID = 3, 2, 24
M_true = rng.randn(S_DIM, A_DIM) * 0.7


def reward(s, a):
    goal = np.sin(s @ M_true)
    return -np.sum((a - goal) ** 2, axis=1)


pi_W1 = rng.randn(S_DIM, HID) / np.sqrt(S_DIM)
pi_b1 = np.zeros(HID)
pi_W2 = rng.randn(HID, A_DIM) * 0.05
pi_b2 = np.zeros(A_DIM)
log_std = np.zeros(A_DIM)

# a linear critic, refitted to the collected batch at each iteration
vf_w = np.zeros(S_DIM + 1)

CLIP, ENT, LR, EPOCHS, MB = 0.2, 0.002, 0.003, 6, 64
adam_m = [np.zeros_like(p) for p in (pi_W1, pi_b1, pi_W2, pi_b2, log_std)]
adam_v = [np.zeros_like(p) for p in (pi_W1, pi_b1, pi_W2, pi_b2, log_std)]
step = 0


def log_prob(mu, a):
    zz = (a - mu) / np.exp(log_std)
    return np.sum(-0.5 * zz ** 2 - log_std - 0.5 * np.log(2 * np.pi), axis=1)


for it in range(60):
    states = rng.randn(256, S_DIM)
    mean = np.tanh(states @ pi_W1 + pi_b1) @ pi_W2 + pi_b2
    actions = mean + np.exp(log_std) * rng.randn(256, A_DIM)
    rew = reward(states, actions)
    old_logp = log_prob(mean, actions)

    Phi = np.hstack([states ** 2, np.ones((256, 1))])
    vf_w = np.linalg.solve(Phi.T @ Phi + 1e-3 * np.eye(S_DIM + 1), Phi.T @ rew)
    advantage = rew - Phi @ vf_w
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)

    for epoch in range(EPOCHS):
        order = rng.permutation(256)
        for start in range(0, 256, MB):
            idx = order[start:start + MB]
            s, a, adv, lp_old = states[idx], actions[idx], advantage[idx], old_logp[idx]

            h = np.tanh(s @ pi_W1 + pi_b1)
            mu = h @ pi_W2 + pi_b2
            ratio = np.exp(log_prob(mu, a) - lp_old)
            surr1 = ratio * adv
            surr2 = np.clip(ratio, 1 - CLIP, 1 + CLIP) * adv
            loss = -np.mean(np.minimum(surr1, surr2)) - ENT * np.sum(log_std)

            active = surr1 <= surr2
            dlogp = -(active * ratio * adv) / MB
            diff = a - mu
            var = np.exp(2 * log_std)
            dmu = dlogp[:, None] * diff / var
            d_log_std = np.sum(dlogp[:, None] * (diff ** 2 / var - 1.0), axis=0) - ENT
            d_W2 = h.T @ dmu
            d_b2 = dmu.sum(0)
            dpre = (dmu @ pi_W2.T) * (1 - h * h)
            d_W1 = s.T @ dpre
            d_b1 = dpre.sum(0)

            step += 1
            for i, (p, g) in enumerate(zip((pi_W1, pi_b1, pi_W2, pi_b2, log_std),
                                           (d_W1, d_b1, d_W2, d_b2, d_log_std))):
                adam_m[i] = 0.9 * adam_m[i] + 0.1 * g
                adam_v[i] = 0.999 * adam_v[i] + 0.001 * g * g
                p -= LR * (adam_m[i] / (1 - 0.9 ** step)) / (np.sqrt(adam_v[i] / (1 - 0.999 ** step)) + 1e-8)
    if it % 10 == 9:
        print("iter", it + 1, "reward %.4f" % rew.mean(), "loss %.4f" % loss, "std", np.exp(log_std).round(3))
