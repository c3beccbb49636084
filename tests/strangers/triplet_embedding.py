import numpy as np
import matplotlib.pyplot as plt


def make_points(per_class=25):
    pts, lab = [], []
    for c in range(3):
        mean = np.array([np.cos(c), np.sin(2 * c), c - 1, 0.3 * c, 1.0])
        pts.append(mean + 0.4 * np.random.randn(per_class, 5))
        lab += [c] * per_class
    return np.vstack(pts), np.array(lab)


def embed(x, w1, b1, w2):
    h = np.tanh(x.dot(w1) + b1)
    return h, h.dot(w2)


def grads_for(x, h, dz, w2):
    dw2 = h.T.dot(dz)
    dh = dz.dot(w2.T) * (1 - h * h)
    return x.T.dot(dh), dh.sum(axis=0), dw2


def train(X, y, hidden=9, out=2, margin=1.0, lr=0.02, steps=150, batch=12):
    w1 = 0.5 * np.random.randn(X.shape[1], hidden)
    b1 = np.zeros(hidden)
    w2 = 0.5 * np.random.randn(hidden, out)
    losses = []
    for s in range(steps):
        a = np.random.randint(len(X), size=batch)
        p = np.array([np.random.choice(np.where(y == y[i])[0]) for i in a])
        n = np.array([np.random.choice(np.where(y != y[i])[0]) for i in a])
        ha, za = embed(X[a], w1, b1, w2)
        hp, zp = embed(X[p], w1, b1, w2)
        hn, zn = embed(X[n], w1, b1, w2)
        dist = ((za - zp) ** 2).sum(1) - ((za - zn) ** 2).sum(1) + margin
        loss = np.maximum(dist, 0).mean()
        losses.append(loss)

        active = (dist > 0)[:, None] * 2.0 / batch
        dza = active * (zn - zp)
        dzp = active * (zp - za)
        dzn = active * (za - zn)
        total = [0, 0, 0]
        for x, h, dz in ((X[a], ha, dza), (X[p], hp, dzp), (X[n], hn, dzn)):
            total = [t + g for t, g in zip(total, grads_for(x, h, dz, w2))]
        w1 -= lr * total[0]
        b1 -= lr * total[1]
        w2 -= lr * total[2]
    return (w1, b1, w2), losses


X, y = make_points()
weights, losses = train(X, y)
print("triplet loss: first %.3f, last %.3f" % (losses[0], losses[-1]))
_, Z = embed(X, *weights)
plt.subplot(121)
plt.plot(losses)
plt.subplot(122)
plt.scatter(Z[:, 0], Z[:, 1], c=y)
plt.show()
