# Policy gradient on a contextual bandit, with an explicit log-softmax layer.
# J = mean_t( advantage_t * log pi(a_t | s_t) ) + BETA * entropy ; we minimise -J
import numpy as np

rng = np.random.default_rng(31337)
S_DIM, ACTIONS, EPISODES, BETA = 3, 4, 64, 0.02
best = rng.normal(size=(S_DIM, ACTIONS))


class LogSoftmax:
    def forward(self, z):
        m = z.max(axis=1, keepdims=True)
        self.out = z - m - np.log(np.exp(z - m).sum(axis=1, keepdims=True))
        return self.out

    def backward(self, g):
        return g - np.exp(self.out) * g.sum(axis=1, keepdims=True)


class Policy:
    def __init__(self):
        self.W1 = rng.normal(size=(S_DIM, 10)) * 0.5
        self.b1 = np.zeros(10)
        self.W2 = rng.normal(size=(10, ACTIONS)) * 0.1
        self.top = LogSoftmax()

    def logpi(self, s):
        self.s = s
        self.h = np.tanh(s @ self.W1 + self.b1)
        return self.top.forward(self.h @ self.W2)

    def backward(self, g):
        g = self.top.backward(g)
        gW2 = self.h.T @ g
        gh = (g @ self.W2.T) * (1 - self.h ** 2)
        return self.s.T @ gh, gh.sum(0), gW2


def surrogate(logpi, a, adv):
    picked = logpi[np.arange(len(a)), a]
    entropy = -(np.exp(logpi) * logpi).sum(1)
    return -(adv * picked + BETA * entropy).mean()


def surrogate_grad(logpi, a, adv):
    g = BETA * np.exp(logpi) * (logpi + 1)
    g[np.arange(len(a)), a] -= adv
    return g / len(a)


pi = Policy()
baseline = 0.0
for it in range(300):
    s = rng.normal(size=(EPISODES, S_DIM))
    logpi = pi.logpi(s)
    a = (np.exp(logpi).cumsum(1) > rng.random((EPISODES, 1)) * (1 - 1e-9)).argmax(1)
    reward = (s @ best)[np.arange(EPISODES), a] + 0.1 * rng.normal(size=EPISODES)
    adv = reward - baseline
    baseline = 0.95 * baseline + 0.05 * reward.mean()
    loss = surrogate(logpi, a, adv)
    dW1, db1, dW2 = pi.backward(surrogate_grad(logpi, a, adv))
    pi.W1 -= 0.2 * dW1
    pi.b1 -= 0.2 * db1
    pi.W2 -= 0.2 * dW2
    if it % 60 == 0:
        print("it", it, "reward %.3f" % reward.mean(), "surrogate %.3f" % loss)
