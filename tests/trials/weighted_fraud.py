"""Fraud toy: very unbalanced two-class problem, weighted cross entropy, NAG optimiser."""
import numpy as np

POS_WEIGHT = 6.0
rs = np.random.RandomState(500)
n_ok, n_bad = 180, 20
amount = np.r_[rs.gamma(2, 1, n_ok), rs.gamma(5, 1, n_bad)]
hour = np.r_[rs.normal(14, 4, n_ok), rs.normal(3, 3, n_bad)] / 12 - 1
country = np.r_[rs.binomial(1, .1, n_ok), rs.binomial(1, .5, n_bad)]
features = np.c_[np.log1p(amount) - 1, hour, country]
is_fraud = np.r_[np.zeros(n_ok), np.ones(n_bad)]
cost_of = np.where(is_fraud == 1, POS_WEIGHT, 1.0)


def unpack(vec):
    return vec[:24].reshape(3, 8), vec[24:32], vec[32:40], vec[40]


def fwd(vec):
    A, a, c, c0 = unpack(vec)
    hid = np.arctan(features @ A + a)
    prob = 1 / (1 + np.exp(-(hid @ c + c0)))
    return hid, prob


def objective(vec):
    prob = fwd(vec)[1]
    ll = is_fraud * np.log(prob) + (1 - is_fraud) * np.log(1 - prob)
    return -(cost_of * ll).mean()


def gradient(vec):
    A, a, c, c0 = unpack(vec)
    hid, prob = fwd(vec)
    delta = cost_of * (prob - is_fraud) / len(is_fraud)
    pre = np.outer(delta, c) / (1 + np.tan(hid) ** 2)
    return np.concatenate([(features.T @ pre).ravel(), pre.sum(0), hid.T @ delta, [delta.sum()]])


vec = rs.randn(41) * 0.4
vel = np.zeros(41)
for k in range(400):
    vel = 0.9 * vel - 0.05 * gradient(vec + 0.9 * vel)
    vec = vec + vel
    if k % 80 == 0:
        recall = np.mean(fwd(vec)[1][is_fraud == 1] > 0.5)
        print("k=%3d  objective=%.4f  recall=%.2f" % (k, objective(vec), recall))
