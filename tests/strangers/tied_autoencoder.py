import numpy as np
import matplotlib.pyplot as plt

def s(x):
    return 1. / (1. + np.exp(-x))

class TiedAutoencoder(object):

    def __init__(self, n_visible, n_hidden, corruption=0.2):
        self.W = np.random.uniform(-.4, .4, (n_visible, n_hidden))
        self.hbias = np.zeros(n_hidden)
        self.vbias = np.zeros(n_visible)
        self.corruption = corruption

    def corrupt(self, x):
        return x * np.random.binomial(1, 1 - self.corruption, size=x.shape)

    def reconstruct(self, x):
        return s(s(x.dot(self.W) + self.hbias).dot(self.W.T) + self.vbias)

    def train_step(self, x, lr=0.1):
        tilde_x = self.corrupt(x)
        y = s(np.dot(tilde_x, self.W) + self.hbias)
        z = s(np.dot(y, self.W.T) + self.vbias)

        L_h2 = x - z
        L_h1 = np.dot(L_h2, self.W) * y * (1 - y)

        L_vbias = L_h2
        L_hbias = L_h1
        L_W = np.dot(tilde_x.T, L_h1) + np.dot(L_h2.T, y)

        self.W += lr * L_W / len(x)
        self.hbias += lr * np.mean(L_hbias, axis=0)
        self.vbias += lr * np.mean(L_vbias, axis=0)

    def cost(self, x):
        z = self.reconstruct(x)
        return -np.mean(np.sum(x * np.log(z) + (1 - x) * np.log(1 - z), axis=1))


base = np.random.binomial(1, .5, (5, 21))
data = base[np.random.randint(0, 5, 80)].astype(float)

da = TiedAutoencoder(21, 8)
costs = [da.cost(data)]
for epoch in range(30):
    np.random.shuffle(data)
    for lo in range(0, 80, 10):
        da.train_step(data[lo:lo + 10], lr=0.5)
    costs.append(da.cost(data))
print('cost %.3f -> %.3f' % (costs[0], costs[-1]))
plt.plot(costs)
plt.show()
