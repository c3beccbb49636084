import numpy as np
np.random.seed(4)
class Policy:
    def __init__(self, ni, nh, no):
        self.w1 = np.random.randn(ni, nh) * .3; self.b1 = np.zeros(nh)
        self.w2 = np.random.randn(nh, no) * .3; self.b2 = np.zeros(no)
    def forward(self, s):
        self.s = s
        self.h = np.tanh(s @ self.w1 + self.b1)
        z = self.h @ self.w2 + self.b2
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
    def update(self, S, A, Adv, lr):
        p = self.forward(S)
        d = p.copy()
        d[np.arange(len(A)), A] -= 1
        d *= Adv[:, None]
        d /= len(A)
        gw2 = self.h.T @ d; gb2 = d.sum(0)
        dh = d @ self.w2.T * (1 - self.h)
        gw1 = self.s.T @ dh; gb1 = dh.sum(0)
        self.w1 -= lr * gw1; self.b1 -= lr * gb1; self.w2 -= lr * gw2; self.b2 -= lr * gb2
pol = Policy(4, 8, 3)
for it in range(60):
    S, A, R = [], [], []
    for ep in range(5):
        s = np.random.randn(4)
        for t in range(4):
            p = pol.forward(s)
            a = np.random.choice(3, p=p)
            S.append(s); A.append(a); R.append(float(a == np.argmax(s[:3])))
            s = np.random.randn(4)
    R = np.array(R)
    adv = (R - R.mean()) / (R.std() + 1e-8)
    pol.update(np.array(S), np.array(A), adv, 0.3)
    if it % 20 == 0:
        print(it, R.mean())
