import numpy as np

np.random.seed(0)


def xavier(i, o):
    return np.random.randn(i, o) * np.sqrt(1.0 / i)


class VAE:
    def __init__(self, n_x, n_h, n_z):
        self.We = xavier(n_x, n_h); self.be = np.zeros(n_h)
        self.Wmu = xavier(n_h, n_z); self.bmu = np.zeros(n_z)
        self.Wlv = xavier(n_h, n_z); self.blv = np.zeros(n_z)
        self.Wd = xavier(n_z, n_h); self.bd = np.zeros(n_h)
        self.Wo = xavier(n_h, n_x); self.bo = np.zeros(n_x)
        self.names = ['We', 'be', 'Wmu', 'bmu', 'Wlv', 'blv', 'Wd', 'bd', 'Wo', 'bo']
        self.m = {n: 0 for n in self.names}

    def encode(self, x):
        self.x = x
        self.he = np.maximum(0.01 * (x @ self.We + self.be), x @ self.We + self.be)
        self.mu = self.he @ self.Wmu + self.bmu
        self.lv = self.he @ self.Wlv + self.blv
        self.eps = np.random.randn(*self.mu.shape)
        self.z = self.mu + np.exp(self.lv / 2) * self.eps
        return self.z

    def decode(self, z):
        self.hd = np.tanh(z @ self.Wd + self.bd)
        self.xhat = 1 / (1 + np.exp(-(self.hd @ self.Wo + self.bo)))
        return self.xhat

    def loss(self):
        bce = -np.sum(self.x * np.log(self.xhat + 1e-10) + (1 - self.x) * np.log(1 - self.xhat + 1e-10))
        kl = -0.5 * np.sum(1 + self.lv - self.mu ** 2 - np.exp(self.lv))
        return (bce + kl) / len(self.x)

    def backward(self, lr):
        n = len(self.x)
        g = {}
        do = (self.xhat - self.x) / n
        g['Wo'] = self.hd.T @ do
        g['bo'] = do.sum(0)
        dd = do @ self.Wo.T * (1 - self.hd ** 2)
        g['Wd'] = self.z.T @ dd
        g['bd'] = dd.sum(0)
        dz = dd @ self.Wd.T
        dmu = dz + self.mu / n
        dlv = dz * self.eps * 0.5 * np.exp(self.lv / 2) + 0.5 * (np.exp(self.lv) - 1) / n
        g['Wmu'] = self.he.T @ dmu
        g['bmu'] = dmu.sum(0)
        g['Wlv'] = self.he.T @ dlv
        g['blv'] = dlv.sum(0)
        dhe = dmu @ self.Wmu.T + dlv @ self.Wlv.T
        dhe = dhe * np.where(self.he > 0, 1, 0.01)
        g['We'] = self.x.T @ dhe
        g['be'] = dhe.sum(0)
        for name in self.names:
            self.m[name] = 0.9 * self.m[name] + g[name]
            setattr(self, name, getattr(self, name) - lr * self.m[name])


# two kinds of binary patterns with noise
protos = (np.random.rand(4, 18) > 0.5).astype(float)
data = protos[np.random.randint(0, 4, 300)]
flip = np.random.rand(*data.shape) < 0.05
data = np.abs(data - flip)

vae = VAE(18, 11, 3)
for epoch in range(15):
    np.random.shuffle(data)
    losses = []
    for i in range(0, 300, 20):
        vae.decode(vae.encode(data[i:i + 20]))
        losses.append(vae.loss())
        vae.backward(0.02)
    print('epoch %d elbo %.3f' % (epoch, -np.mean(losses)))
