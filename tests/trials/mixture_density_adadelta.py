"""Mixture density network on the inverse sine problem: swish trunk, Adadelta, generator batches."""
from collections import namedtuple

import numpy as np

Params = namedtuple("Params", "W1 b1 W2 b2 Wpi bpi Wmu bmu Wls bls")
LOG2PI = np.log(2 * np.pi)


def batches(rng, size, count):
    for _ in range(count):
        t = rng.uniform(0, 1, (size, 1))
        x = t + 0.3 * np.sin(2 * np.pi * t) + 0.03 * rng.standard_normal((size, 1))
        yield 2 * x - 1, t


def swish(x):
    s = 1.0 / (1.0 + np.exp(-x))
    return x * s, s


def swish_grad(x, s):
    return s + x * s * (1 - s)


def logsumexp(a):
    m = a.max(axis=1, keepdims=True)
    return m + np.log(np.exp(a - m).sum(axis=1, keepdims=True))


def nll_and_grad(p, x, t):
    n = len(x)
    z1 = x @ p.W1 + p.b1
    a1, s1 = swish(z1)
    z2 = a1 @ p.W2 + p.b2
    a2, s2 = swish(z2)
    logit = a2 @ p.Wpi + p.bpi
    mu = a2 @ p.Wmu + p.bmu
    log_sigma = a2 @ p.Wls + p.bls

    log_pi = logit - logsumexp(logit)
    e = (t - mu) * np.exp(-log_sigma)
    log_comp = log_pi - log_sigma - 0.5 * e * e - 0.5 * LOG2PI
    log_mix = logsumexp(log_comp)
    nll = -log_mix.mean()

    resp = np.exp(log_comp - log_mix)
    d_logit = (np.exp(log_pi) - resp) / n
    d_mu = -resp * e * np.exp(-log_sigma) / n
    d_ls = resp * (1 - e * e) / n
    da2 = d_logit @ p.Wpi.T + d_mu @ p.Wmu.T + d_ls @ p.Wls.T
    dz2 = da2 * swish_grad(z2, s2)
    dz1 = (dz2 @ p.W2.T) * swish_grad(z1, s1)
    return nll, Params(
        W1=x.T @ dz1, b1=dz1.sum(0),
        W2=a1.T @ dz2, b2=dz2.sum(0),
        Wpi=a2.T @ d_logit, bpi=d_logit.sum(0),
        Wmu=a2.T @ d_mu, bmu=d_mu.sum(0),
        Wls=a2.T @ d_ls, bls=d_ls.sum(0),
    )


def adadelta(p, g, Eg, Ed, rho=0.95, eps=1e-5):
    Eg = Params(*(rho * a + (1 - rho) * d * d for a, d in zip(Eg, g)))
    delta = Params(*(-np.sqrt(b + eps) / np.sqrt(a + eps) * d for a, b, d in zip(Eg, Ed, g)))
    Ed = Params(*(rho * b + (1 - rho) * d * d for b, d in zip(Ed, delta)))
    return Params(*(w + d for w, d in zip(p, delta))), Eg, Ed


def init(rng, hidden=20, K=4):
    r = lambda i, o, s=1.0: s * rng.normal(0, 1 / np.sqrt(i), (i, o))
    return Params(
        W1=r(1, hidden, 2.0), b1=rng.normal(0, 0.5, hidden),
        W2=r(hidden, hidden), b2=np.zeros(hidden),
        Wpi=r(hidden, K, 0.3), bpi=np.zeros(K),
        Wmu=r(hidden, K, 0.5), bmu=np.linspace(0.1, 0.9, K),
        Wls=r(hidden, K, 0.1), bls=np.full(K, -1.0),
    )


def main():
    rng = np.random.default_rng(14)
    p = init(rng)
    Eg = Params(*(np.zeros_like(a) for a in p))
    Ed = Params(*(np.zeros_like(a) for a in p))
    for step, (x, t) in enumerate(batches(rng, 64, 500)):
        nll, grad = nll_and_grad(p, x, t)
        p, Eg, Ed = adadelta(p, grad, Eg, Ed)
        if step % 100 == 0:
            print(f"step {step:4d} nll {nll:.4f}")


if __name__ == "__main__":
    main()
