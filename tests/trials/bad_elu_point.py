# Etichettatura multipla: 3 strati ELU/ELU/sigmoide, RMSprop, mini-batch
import numpy as np

ALFA = 1.0

def elu(z):
    return np.where(z > 0, z, ALFA * (np.exp(np.minimum(z, 0)) - 1))

def elu_derivata(z):
    return np.where(z > 0, 1.0, ALFA * np.exp(np.minimum(z, 0)))

def sigmoide(z):
    return 1 / (1 + np.exp(-z))


class ReteMulti:
    def __init__(self, dimensioni, seme=0):
        g = np.random.default_rng(seme)
        self.pesi, self.soglie = [], []
        for entrata, uscita in zip(dimensioni, dimensioni[1:]):
            self.pesi.append(g.normal(0, 1 / np.sqrt(entrata), (entrata, uscita)))
            self.soglie.append(np.zeros(uscita))
        self.cache_p = [np.zeros_like(p) for p in self.pesi]
        self.cache_s = [np.zeros_like(s) for s in self.soglie]

    def avanti(self, x):
        self.z, self.a = [], [x]
        for k, (p, s) in enumerate(zip(self.pesi, self.soglie)):
            z = self.a[-1] @ p + s
            self.z.append(z)
            self.a.append(sigmoide(z) if k == len(self.pesi) - 1 else elu(z))
        return self.a[-1]

    def costo(self, prob, t):
        return -np.sum(t * np.log(prob + 1e-15) + (1 - t) * np.log(1 - prob + 1e-15)) / len(t)

    def indietro(self, t):
        delta = (self.a[-1] - t) / len(t)
        grad_p, grad_s = [None] * len(self.pesi), [None] * len(self.pesi)
        for k in range(len(self.pesi) - 1, -1, -1):
            grad_p[k] = self.a[k].T @ delta
            grad_s[k] = np.sum(delta, axis=0)
            if k > 0:
                delta = (delta @ self.pesi[k].T) * elu_derivata(self.a[k])
        return grad_p, grad_s

    def rmsprop(self, grad_p, grad_s, passo=0.003, rho=0.9, eps=1e-8):
        for k in range(len(self.pesi)):
            self.cache_p[k] = rho * self.cache_p[k] + (1 - rho) * grad_p[k] ** 2
            self.cache_s[k] = rho * self.cache_s[k] + (1 - rho) * grad_s[k] ** 2
            self.pesi[k] -= passo * grad_p[k] / (np.sqrt(self.cache_p[k]) + eps)
            self.soglie[k] -= passo * grad_s[k] / (np.sqrt(self.cache_s[k]) + eps)


gen = np.random.default_rng(31)
X = gen.normal(size=(600, 9))
M = gen.normal(size=(9, 5))
T = (np.tanh(X @ M) + 0.5 * X[:, :5] * X[:, 4:] > 0.2).astype(float)

rete = ReteMulti([9, 24, 16, 5])
for epoca in range(40):
    ordine = gen.permutation(600)
    costi = []
    for i in range(0, 600, 40):
        ind = ordine[i:i + 40]
        prob = rete.avanti(X[ind])
        costi.append(rete.costo(prob, T[ind]))
        gp, gs = rete.indietro(T[ind])
        rete.rmsprop(gp, gs)
    if epoca % 8 == 7:
        print("epoca", epoca + 1, "costo medio", np.mean(costi))
print("accuratezza per etichetta:", np.mean((rete.avanti(X) > 0.5) == T, axis=0))
