import numpy as np
rng = np.random.default_rng(0)
n_s, n_a = 5, 3
theta = np.zeros((n_s, n_a))
best = rng.integers(0, n_a, n_s)
alpha = 0.1
for episode in range(200):
    states, actions, rewards, probs = [], [], [], []
    s = rng.integers(n_s)
    for t in range(6):
        z = theta[s] - theta[s].max()
        pi = np.exp(z) / np.exp(z).sum()
        a = rng.choice(n_a, p=pi)
        r = 1.0 if a == best[s] else 0.0
        states.append(s); actions.append(a); rewards.append(r); probs.append(pi)
        s = (s + a + 1) % n_s
    G = 0
    returns = []
    for r in rewards[::-1]:
        G = r + 0.9 * G
        returns.insert(0, G)
    returns = np.array(returns)
    returns = returns - returns.mean()
    grad = np.zeros_like(theta)
    for s, a, pi, G in zip(states, actions, probs, returns):
        onehot = np.zeros(n_a); onehot[a] = 1
        grad[s] += (onehot - pi) * G
    theta += alpha * grad
