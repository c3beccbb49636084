import numpy as np


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


class PolicyGradient:
    def __init__(self, n_states, n_hidden, n_actions, lr=0.05, gamma=0.95):
        self.W1 = np.random.randn(n_hidden, n_states) * 0.5
        self.W2 = np.random.randn(n_actions, n_hidden) * 0.5
        self.n_states, self.lr, self.gamma = n_states, lr, gamma

    def one_hot(self, s):
        x = np.zeros(self.n_states)
        x[s] = 1
        return x

    def policy(self, x):
        h = np.tanh(self.W1 @ x)
        return h, softmax(self.W2 @ h)

    def act(self, s):
        _, p = self.policy(self.one_hot(s))
        return np.random.choice(len(p), p=p)

    def returns(self, rewards):
        out, g = [], 0
        for r in reversed(rewards):
            g = r + self.gamma * g
            out.insert(0, g)
        return np.array(out)

    def learn(self, states, actions, rewards):
        adv = self.returns(rewards)
        xs = np.vstack([self.one_hot(s) for s in states])
        hs = np.tanh(xs @ self.W1.T)
        z = hs @ self.W2.T
        ps = np.exp(z - z.max(1, keepdims=True))
        ps /= ps.sum(1, keepdims=True)
        onehot_actions = np.zeros_like(ps)
        onehot_actions[np.arange(len(actions)), actions] = 1

        dlogp = (onehot_actions - ps) * adv[:, None]
        dW2 = dlogp.T @ hs
        dh = dlogp @ self.W2
        dh *= 1 - hs ** 2
        dW1 = dh.T @ xs

        # gradient ascent on the expected return
        self.W1 += self.lr * dW1
        self.W2 += self.lr * dW2
