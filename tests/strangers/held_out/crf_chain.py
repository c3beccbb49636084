import numpy as np

rng = np.random.default_rng(12)
N_TAGS, N_FEATS = 4, 6


def logsumexp(a, axis):
    top = a.max(axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(a - top).sum(axis=axis))


def forward_scores(unary, trans):
    alpha = np.empty_like(unary)
    alpha[0] = unary[0]
    for t in range(1, len(unary)):
        alpha[t] = unary[t] + logsumexp(alpha[t - 1][:, None] + trans, axis=0)
    return alpha


def backward_scores(unary, trans):
    beta = np.zeros_like(unary)
    for t in range(len(unary) - 2, -1, -1):
        beta[t] = logsumexp(trans + (unary[t + 1] + beta[t + 1])[None, :], axis=1)
    return beta


def negative_log_likelihood(feats, tags, W, trans):
    unary = feats @ W
    alpha = forward_scores(unary, trans)
    log_z = logsumexp(alpha[-1], axis=0)
    gold = unary[np.arange(len(tags)), tags].sum() + trans[tags[:-1], tags[1:]].sum()
    return log_z - gold, unary, alpha, log_z


def expected_minus_observed(feats, tags, trans, unary, alpha, log_z):
    beta = backward_scores(unary, trans)
    node = np.exp(alpha + beta - log_z)
    node[np.arange(len(tags)), tags] -= 1
    edge = np.zeros_like(trans)
    for t in range(len(tags) - 1):
        edge += np.exp(alpha[t][:, None] + trans + (unary[t + 1] + beta[t + 1])[None, :] - log_z)
        edge[tags[t], tags[t + 1]] -= 1
    return feats.T @ node, edge


def sentence():
    n = rng.integers(4, 9)
    tags = [int(rng.integers(N_TAGS))]
    for _ in range(n - 1):
        tags.append((tags[-1] + int(rng.integers(2))) % N_TAGS)
    tags = np.array(tags)
    feats = rng.normal(size=(n, N_FEATS))
    feats[np.arange(n), tags] += 1.5
    return feats, tags


W = np.zeros((N_FEATS, N_TAGS))
trans = np.zeros((N_TAGS, N_TAGS))
for k in range(120):
    feats, tags = sentence()
    nll, unary, alpha, log_z = negative_log_likelihood(feats, tags, W, trans)
    gW, gT = expected_minus_observed(feats, tags, trans, unary, alpha, log_z)
    W -= 0.05 * gW
    trans -= 0.05 * gT
    if k % 30 == 0:
        print(k, nll / len(tags))
