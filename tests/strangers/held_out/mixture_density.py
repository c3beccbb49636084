import numpy as np
import matplotlib.pyplot as plt

K = 3
HIDDEN = 12


def unpack(o):
    logits, mu, log_sigma = np.split(o, 3, axis=1)
    logits = logits - logits.max(axis=1, keepdims=True)
    pi = np.exp(logits)
    pi = pi / pi.sum(axis=1, keepdims=True)
    return pi, mu, np.exp(log_sigma)


def normal_pdf(t, mu, sigma):
    return np.exp(-0.5 * ((t - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


def fit(x, t, epochs=200, lr=0.05):
    net = [np.random.randn(1, HIDDEN), np.random.randn(HIDDEN), np.random.randn(HIDDEN, 3 * K) * 0.3, np.zeros(3 * K)]
    trace = []
    for e in range(epochs):
        w1, b1, w2, b2 = net
        h = np.tanh(x @ w1 + b1)
        pi, mu, sigma = unpack(h @ w2 + b2)
        joint = pi * normal_pdf(t, mu, sigma)
        density = joint.sum(axis=1, keepdims=True)
        trace.append(-np.log(density).mean())

        resp = joint / density
        d_logits = pi - resp
        d_mu = resp * (mu - t) / sigma ** 2
        d_ls = resp * (1 - ((t - mu) / sigma) ** 2)
        d_out = np.concatenate([d_logits, d_mu, d_ls], axis=1) / len(x)
        d_h = (d_out @ w2.T) * (1 - h ** 2)
        slopes = [x.T @ d_h, d_h.sum(0), h.T @ d_out, d_out.sum(0)]
        net = [p - lr * s for p, s in zip(net, slopes)]
    return net, trace


t = np.random.uniform(-1, 1, (80, 1))
x = t + 0.4 * np.sin(5 * t) + 0.05 * np.random.randn(80, 1)
net, trace = fit(x, t)
print("negative log likelihood", trace[0], trace[-1])
plt.plot(trace)
plt.figure()
plt.plot(x, t, '.')
plt.show()
